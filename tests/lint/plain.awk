# SPDX-License-Identifier: GPL-2.0-or-later
# Prints "FILE:LINE:CODE" with comments removed and string and character constants emptied.
# With -v strings=1 strings are kept.
FNR == 1 { comment = 0 }
{
    out = ""
    rest = $0
    while (rest != "") {
        if (comment) {
            at = index(rest, "*/")
            if (!at)
                break
            rest = substr(rest, at + 2)
            comment = 0
            continue
        }
        if (!match(rest, /"|'|\/\*|\/\//)) {
            out = out rest
            break
        }
        mark = substr(rest, RSTART, 1)
        out = out substr(rest, 1, RSTART - 1)
        rest = substr(rest, RSTART)
        if (mark == "/") {
            if (substr(rest, 2, 1) == "/") {
                out = out "//"
                break
            }
            comment = 1
            rest = substr(rest, 3)
        } else {
            end = mark == "\"" ? "^\"([^\"\\\\]|\\\\.)*\"" : "^'([^'\\\\]|\\\\.)*'"
            if (!match(rest, end)) {
                out = out rest
                break
            }
            out = out (strings || out ~ /^ *# *include/ ? substr(rest, 1, RLENGTH) : mark mark)
            rest = substr(rest, RLENGTH + 1)
        }
    }
    print FILENAME ":" FNR ":" out
}
