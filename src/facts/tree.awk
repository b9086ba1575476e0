# SPDX-License-Identifier: GPL-2.0-or-later
# Parses one of our own YAML files at build time and writes its tree, for ht_yaml_read_tree to read:
#
#   LC_ALL=C awk -f tree.awk FILE
#
# A line a node, children after their parent: "m LINE PAIRS", "l LINE ITEMS", "s LINE TEXT" of a plain
# scalar, "q LINE TEXT" of one in quotes.  What is not one of these is refused: block maps of "key: value",
# block lists of "- value" or "- key: value", flow maps and lists within a line, scalars within a line without escapes.

function fail(what) {
    print FILENAME ":" FNR ": " what > "/dev/stderr"
    failed = 1
    exit 1
}

# A node of that kind; the number of its children is counted later.
function add(kind, text) {
    kinds[++nodes] = kind
    lines[nodes] = FNR
    texts[nodes] = text
    return nodes
}

function is_space(c) { return c == " " || c == "\t" }

function skip_spaces() {
    while (is_space(substr(rest, 1, 1)))
        rest = substr(rest, 2)
    if (substr(rest, 1, 1) == "#")
        rest = ""
}

# A scalar at the beginning of rest, which is cut from it. ends: what ends a plain one, as a pattern.
function scalar(ends,    quote, at, text) {
    quote = substr(rest, 1, 1)
    if (quote == "\"" || quote == "'") {
        at = index(substr(rest, 2), quote)
        if (!at)
            fail("a text in quotes does not end in its line")
        text = substr(rest, 2, at - 1)
        rest = substr(rest, at + 2)
        if (quote == "\"" ? index(text, "\\") : substr(rest, 1, 1) == quote)
            fail("an escape in a text")
        return add("q", text)
    }
    if (quote ~ /[&*!|>%@`]/)
        fail("not one of the plain forms: " quote)
    at = match(rest, ends) ? RSTART : length(rest) + 1
    text = substr(rest, 1, at - 1)
    rest = substr(rest, at)
    sub(/[ \t]+$/, "", text)
    if (text == "")
        fail("nothing where a value should be")
    return add("s", text)
}

# A value in flow style at the beginning of rest.
function flow(ends,    open, close_, node) {
    open = substr(rest, 1, 1)
    if (open != "{" && open != "[") {
        scalar(ends)
        return
    }
    node = add(open == "{" ? "m" : "l", 0)
    close_ = open == "{" ? "}" : "]"
    rest = substr(rest, 2)
    for (skip_spaces(); substr(rest, 1, 1) != close_; skip_spaces()) {
        if (rest == "")
            fail("a list or map does not end in its line")
        if (open == "{")
            key(node)
        flow("[],{}]|: |[ \t]#")
        texts[node]++
        skip_spaces()
        if (substr(rest, 1, 1) == ",")
            rest = substr(rest, 2)
        else if (substr(rest, 1, 1) != close_)
            fail("expected , or " close_)
    }
    rest = substr(rest, 2)
}

# "key:" of that map, and what separates it from the value.
function key(map,    name) {
    name = scalar(":([ \t]|$)")
    if ((map, texts[name]) in seen)
        fail("a key is there twice: " texts[name])
    seen[map, texts[name]] = 1
    if (substr(rest, 1, 1) != ":")
        fail("expected a key and a colon")
    rest = substr(rest, 2)
    skip_spaces()
}

# The block map or list that a line of that indent belongs to; a new one where its parent waits for it.
function block(indent, kind) {
    if (waits && depth && indent <= indents[depth])
        fail("nothing where a value should be")
    while (depth && indents[depth] > indent)
        depth--
    if (depth && indents[depth] == indent) {
        if (kinds[blocks[depth]] != kind)
            fail("a list and a map of one indent")
        return blocks[depth]
    }
    if (nodes && !waits)
        fail("an indent that belongs to nothing")
    indents[++depth] = indent
    blocks[depth] = add(kind, 0)
    return blocks[depth]
}

/^[ ]*(#.*)?$/ { next }

{
    match($0, /^ */)
    indent = RLENGTH
    rest = substr($0, indent + 1)
    in_map = 1
    if (rest ~ /^- /) {
        texts[block(indent, "l")]++
        rest = substr(rest, 3)
        indent += 2
        # "- key: value" begins a block map.
        in_map = waits = rest ~ /^[A-Za-z0-9_-]+:( |$)/
    }
    if (in_map) {
        node = block(indent, "m")
        texts[node]++
        key(node)
    }
    skip_spaces()
    waits = rest == ""
    if (waits)
        next
    flow("[ \t]#")
    skip_spaces()
    if (rest != "")
        fail("more than a value")
}

END {
    if (!failed && waits)
        fail("nothing where a value should be")
    if (failed)
        exit 1
    for (i = 1; i <= nodes; i++)
        print kinds[i] " " lines[i] " " texts[i]
}
