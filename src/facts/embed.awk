# SPDX-License-Identifier: GPL-2.0-or-later
# Turns files into a C function that returns them as struct ht_builtin, ended by a NULL name:
#
#   for f in FILES; do echo "@ $f"; od -An -v -tu1 "$f"; done | awk -v symbol=ht_x_builtin -f embed.awk
#
# od makes numbers of the bytes, so any byte gets through any awk; an array has no limit of length
# as a string literal has. -v header=FILE names the header that declares the function.

function finish() {
    if (n)
        print "    0};"
}

BEGIN {
    print "/* SPDX-License-Identifier: GPL-2.0-or-later */"
    print "/* Made by embed.awk: do not edit. */"
    print "#include \"" (header == "" ? "hulltop/base/builtin.h" : header) "\"\n"
    if (header == "")
        print "const struct ht_builtin *" symbol "(void);\n"
}

$1 == "@" {
    finish()
    name[++n] = $2
    sub(/.*\//, "", name[n])
    printf "static const unsigned char file_%d[] = {\n", n
    next
}

{
    gsub(/[ \t]+/, ",")
    sub(/^,/, "")
    print $0 ","
}

END {
    finish()
    print "\nstatic const struct ht_builtin table[] = {"
    for (i = 1; i <= n; i++)
        printf "    {.name = \"%s\", .text = (const char *)file_%d, .len = sizeof(file_%d) - 1},\n", name[i], i, i
    print "    {.name = NULL},\n};\n"
    print "const struct ht_builtin *" symbol "(void)\n{\n    return table;\n}"
}
