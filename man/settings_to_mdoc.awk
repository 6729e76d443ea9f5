# settings_to_mdoc.awk - `logboomd --help-config` as the list of logboom.yaml(5).
#
# Two lines a setting: its name, kind and default, indented as in the file; then its meaning.

function quoted(text)
{
    text = plain(text)
    gsub(/"/, "\"\"", text)
    return "\"" text "\""
}

BEGIN { print ".Bl -tag -width Ds" }

/^#/ { next }

match($0, /^ *(- )?[a-z_]+:/) && RLENGTH < 20 {
    name = substr($0, 1, RLENGTH - 1)
    value = substr($0, RLENGTH + 1)
    sub(/^ +/, "", value)
    indent = match(name, /[a-z]/) - 1
    name = substr(name, indent + 1)
    while (depth > 0 && indents[depth] >= indent)
        depth--
    path = depth > 0 ? paths[depth] "." name : name
    if (value ~ /section/) {
        depth++
        indents[depth] = indent
        paths[depth] = path (value ~ /^list/ ? "[]" : "")
    }
    print ".It Ic " plain(path) " Pq " quoted(value)
    next
}

{
    sub(/^ +/, "")
    say($0 ".")
}

END { print ".El" }
