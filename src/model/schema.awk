# SPDX-License-Identifier: GPL-2.0-or-later
# Turns schema.txt into C: -v out=h gives rows.h, -v out=c gives rows.c; -v out=roff and
# -v out=roff-values give the manual's tables of structs and of words.  POSIX awk; the format of the
# input is described at its top.

function die(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
    failed = 1
    exit 1
}

function upper(name) {
    name = toupper(name)
    gsub(/-/, "_", name)
    return name
}

# The words from the n-th on, as written.
function rest(n,    i, text) {
    text = ""
    for (i = n; i <= NF; i++)
        text = text (i > n ? " " : "") $i
    return text
}

function quote(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}

/^#/ || NF == 0 { next }

/^(enum|bits|struct|row)[ \t]/ {
    n++
    what[n] = $1
    name[n] = $2
    if ($1 == "row") {
        plural[n] = $3
        doc[n] = rest(4)
        row_count++
    } else {
        plural[n] = $2 "s"
        doc[n] = rest(3)
    }
    if ($2 in place)
        die($2 " is declared twice")
    place[$2] = n
    count[n] = 0
    next
}

/^[ \t]/ {
    if (!n)
        die("a value or field before any declaration")
    i = count[n]++
    item[n, i] = $1
    if (what[n] == "enum" || what[n] == "bits") {
        idoc[n, i] = rest(2)
        next
    }
    if (NF < 5)
        die("a field needs a name, kind, unit, flags and a sentence")
    kind[n, i] = $2
    unit[n, i] = $3
    flags[n, i] = $4
    idoc[n, i] = rest(5)
    if (i >= 64)
        die(name[n] " has more than 64 fields")
    next
}

{ die("not understood: " $0) }

# The parts of a kind such as "list:mount".
function base(k) { sub(/:.*/, "", k); return k }
function of(k) { return k ~ /:/ ? substr(k, index(k, ":") + 1) : "" }

function c_type(k,    b, o) {
    b = base(k); o = of(k)
    if (b == "bool") return "bool "
    if (b == "int" || b == "time") return "int64_t "
    if (b == "uint" || b == "hex" || b == "bits") return "uint64_t "
    if (b == "text" || b == "ref") return "struct ht_str "
    if (b == "map") return "struct ht_pair_list "
    if (b == "enum") return "enum ht_" o " "
    if (b == "struct") return "struct ht_" o " "
    if (b == "list") return "struct ht_" o "_list "
    die("unknown kind " k)
}

function check_kinds(    d, i, b, o) {
    for (d = 1; d <= n; d++) {
        if (what[d] != "struct" && what[d] != "row")
            continue
        for (i = 0; i < count[d]; i++) {
            b = base(kind[d, i]); o = of(kind[d, i])
            if ((b == "enum" || b == "bits" || b == "struct" || b == "ref") && !(o in place))
                die(name[d] "." item[d, i] ": no " b " " o)
            if (b == "list" && o != "text" && o != "uint" && !(o in place))
                die(name[d] "." item[d, i] ": no struct " o)
            c_type(kind[d, i])
        }
    }
}

function put_enum_h(d,    i, prefix) {
    prefix = "HT_" upper(name[d]) "_"
    printf "/* %s */\nenum ht_%s {\n", doc[d], name[d]
    for (i = 0; i < count[d]; i++)
        printf "    %s%s = %d, /* %s */\n", prefix, upper(item[d, i]), i, idoc[d, i]
    printf "};\nextern const struct ht_enum ht_%s_enum;\n\n", name[d]
}

function put_struct_h(d,    i, s, prefix, k) {
    s = name[d]
    prefix = "HT_" upper(s) "_F_"
    printf "/* Places of the fields of struct ht_%s in its table and in its known bits. */\nenum {\n", s
    for (i = 0; i < count[d]; i++)
        printf "    %s%s = %d,\n", prefix, upper(item[d, i]), i
    printf "};\n\n"
    printf "/* %s */\nstruct ht_%s {\n    uint64_t known; /* bit n: field n holds a fact */\n", doc[d], s
    for (i = 0; i < count[d]; i++)
        printf "    %s%s; /* %s%s */\n", c_type(kind[d, i]), item[d, i], idoc[d, i], \
            unit[d, i] == "-" ? "" : " [" unit[d, i] "]"
    printf "};\n"
    printf "/* Several of them. */\nstruct ht_%s_list {\n    const struct ht_%s *items;\n    size_t len;\n};\n", s, s
    printf "extern const struct ht_table ht_%s_table;\n", s
    if (what[d] == "row")
        printf "/* The %s in a row, borrowed; the row must be of that table. */\n" \
               "static inline const struct ht_%s *ht_%s_of(const struct ht_row *row)\n{\n" \
               "    return ht_row_data(row, &ht_%s_table);\n}\n", s, s, s, s
    for (i = 0; i < count[d]; i++) {
        k = c_type(kind[d, i])
        printf "static inline bool ht_%s_has_%s(const struct ht_%s *s)\n{\n    return (s->known >> %d) & 1;\n}\n", s, item[d, i], s, i
        if (base(kind[d, i]) == "struct")
            printf "static inline %s*ht_%s_edit_%s(struct ht_%s *s)\n{\n    s->known |= UINT64_C(1) << %d;\n    return &s->%s;\n}\n", \
                k, s, item[d, i], s, i, item[d, i]
        else
            printf "static inline void ht_%s_set_%s(struct ht_%s *s, %svalue)\n{\n    s->known |= UINT64_C(1) << %d;\n    s->%s = value;\n}\n", \
                s, item[d, i], s, k, i, item[d, i]
    }
    printf "\n"
}

function put_h(    d, i) {
    print "/* SPDX-License-Identifier: GPL-2.0-or-later */"
    print "/* Made by schema.awk from src/model/schema.txt: do not edit.\n *"
    print " * For each struct: ht_S_has_FIELD tells whether the field holds a fact, ht_S_set_FIELD sets it and"
    print " * marks it known, ht_S_edit_FIELD gives a struct field for filling in and marks it known. */"
    print "#ifndef HT_MODEL_ROWS_H\n#define HT_MODEL_ROWS_H\n"
    print "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n"
    print "#include \"hulltop/model/field.h\"\n"
    for (d = 1; d <= n; d++) {
        if (what[d] == "enum" || what[d] == "bits")
            put_enum_h(d)
    }
    for (d = 1; d <= n; d++) {
        if (what[d] == "struct" || what[d] == "row")
            put_struct_h(d)
    }
    print "/* The tables of rows, in the order of documents. */\nenum ht_table_id {"
    for (d = 1; d <= n; d++) {
        if (what[d] == "row")
            printf "    HT_TABLE_%s,\n", upper(name[d])
    }
    print "    HT_TABLE_COUNT,\n};\n\n#endif"
}

function put_enum_c(d,    i) {
    printf "static const struct ht_enum_value %s_values[] = {\n", name[d]
    for (i = 0; i < count[d]; i++)
        printf "    {.name = %s, .doc = %s},\n", quote(item[d, i]), quote(idoc[d, i])
    printf "};\nconst struct ht_enum ht_%s_enum = {\n    .name = %s,\n    .doc = %s,\n    .values = %s_values,\n    .count = %d,\n};\n\n", \
        name[d], quote(name[d]), quote(doc[d]), name[d], count[d]
}

function put_struct_c(d,    i, b, o, extra, f) {
    printf "static const struct ht_field %s_fields[] = {\n", name[d]
    for (i = 0; i < count[d]; i++) {
        b = base(kind[d, i]); o = of(kind[d, i])
        extra = ""
        if (b == "enum" || b == "bits")
            extra = ", .values = &ht_" o "_enum"
        if (b == "struct" || b == "ref")
            extra = ", .sub = &ht_" o "_table"
        if (b == "list")
            extra = ", .item = HT_KIND_" (o == "text" || o == "uint" ? upper(o) : "STRUCT") \
                (o == "text" || o == "uint" ? "" : ", .sub = &ht_" o "_table")
        f = "0"
        if (flags[d, i] ~ /masked/)
            f = f " | HT_FIELD_MASKED"
        if (flags[d, i] ~ /derived/)
            f = f " | HT_FIELD_DERIVED"
        if (flags[d, i] ~ /lines/)
            f = f " | HT_FIELD_LINES"
        sub(/^0 \| /, "", f)
        printf "    {.name = %s, .kind = HT_KIND_%s%s,\n     .offset = offsetof(struct ht_%s, %s), .flags = %s,\n     .unit = %s, .doc = %s},\n", \
            quote(item[d, i]), upper(b), extra, name[d], item[d, i], f, \
            unit[d, i] == "-" ? "NULL" : quote(unit[d, i]), quote(idoc[d, i])
    }
    printf "};\nconst struct ht_table ht_%s_table = {\n    .name = %s,\n    .plural = %s,\n    .doc = %s,\n    .fields = %s_fields,\n    .count = %d,\n    .size = sizeof(struct ht_%s),\n    .id = %s,\n};\n\n", \
        name[d], quote(name[d]), quote(plural[d]), quote(doc[d]), name[d], count[d], name[d], \
        what[d] == "row" ? "HT_TABLE_" upper(name[d]) : "-1"
}

function put_c(    d) {
    print "/* SPDX-License-Identifier: GPL-2.0-or-later */"
    print "/* Made by schema.awk from src/model/schema.txt: do not edit. */"
    print "#include \"hulltop/model/row.h\"\n"
    for (d = 1; d <= n; d++) {
        if (what[d] == "enum" || what[d] == "bits")
            put_enum_c(d)
    }
    for (d = 1; d <= n; d++) {
        if (what[d] == "struct" || what[d] == "row")
            put_struct_c(d)
    }
    print "static const struct ht_table *const tables[HT_TABLE_COUNT] = {"
    for (d = 1; d <= n; d++) {
        if (what[d] == "row")
            printf "    [HT_TABLE_%s] = &ht_%s_table,\n", upper(name[d]), name[d]
    }
    print "};\n"
    print "const struct ht_table *ht_table_get(enum ht_table_id id)\n{\n    return tables[id];\n}"
}

# Text for mdoc: no line may begin with a control character, and a backslash is a letter.
function roff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/)
        text = "\\&" text
    return text
}

# What a field holds, in words: "list of mount", "time", "enumeration severity".
function roff_kind(k,    b, o) {
    b = base(k); o = of(k)
    if (b == "list")
        return "list of " o
    if (b == "enum")
        return "one of " o
    if (b == "bits")
        return "list of " o
    if (b == "ref")
        return "id of a " o
    if (b == "struct")
        return o
    return b
}

function put_roff(    d, i, notes) {
    for (d = 1; d <= n; d++) {
        if (what[d] != "struct" && what[d] != "row")
            continue
        printf ".Ss %s%s\n%s\n.Bl -tag -width Ds -compact\n", name[d], \
            what[d] == "row" ? " (" plural[d] ")" : "", roff(doc[d])
        for (i = 0; i < count[d]; i++) {
            notes = roff_kind(kind[d, i])
            if (unit[d, i] != "-")
                notes = notes ", " unit[d, i]
            if (flags[d, i] ~ /masked/)
                notes = notes ", masked"
            if (flags[d, i] ~ /derived/)
                notes = notes ", derived"
            printf ".It Va %s Pq %s\n%s\n", item[d, i], roff(notes), roff(idoc[d, i])
        }
        print ".El"
    }
}

function put_roff_values(    d, i) {
    for (d = 1; d <= n; d++) {
        if (what[d] != "enum" && what[d] != "bits")
            continue
        printf ".Ss %s\n%s\n.Bl -tag -width Ds -compact\n", name[d], roff(doc[d])
        for (i = 0; i < count[d]; i++)
            printf ".It Li %s\n%s\n", roff(item[d, i]), roff(idoc[d, i])
        print ".El"
    }
}

END {
    if (failed)
        exit 1
    check_kinds()
    if (out == "h")
        put_h()
    else if (out == "c")
        put_c()
    else if (out == "roff")
        put_roff()
    else if (out == "roff-values")
        put_roff_values()
    else
        die("out must be h, c, roff or roff-values")
}
