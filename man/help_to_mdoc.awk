# help_to_mdoc.awk - the text of a --help as mdoc(7), so that page and program never differ.
#
#   awk -v what=synopsis -f mdoc.awk -f …   the lines of `usage:`
#   awk -v what=text     -f mdoc.awk -f …   all that follows them
#
# Understands what all of them have: paragraphs at the margin, lists whose items stand two
# columns in, with a tag and two blanks before their text, and lines that go on farther in.

function end_list()
{
    if (listing)
        print ".El"
    listing = 0
}

function flush_text()
{
    if (waiting != "")
        say(waiting)
    waiting = ""
}

function add(text)
{
    waiting = waiting == "" ? text : waiting " " text
}

# `--to ADDRESS` is Fl -to Ar ADDRESS; `-h, --help` is Fl h , Fl -help; `push` is Cm push.
function tag_of(text,    words, count, i, word, out)
{
    count = split(text, words, / +/)
    out = ".It"
    for (i = 1; i <= count; i++) {
        word = words[i]
        comma = sub(/,$/, "", word) ? " ," : ""
        if (word ~ /^-/)
            out = out " Fl " plain(substr(word, 2)) comma
        else if (word ~ /^[0-9]+$/)
            out = out " " word comma
        else if (word ~ /^[A-Z]/)
            out = out " Ar " plain(word) comma
        else
            out = out " Cm " plain(word) comma
    }
    return out
}

function synopsis_words(text,    words, count, i, out)
{
    count = split(text, words, / +/)
    for (i = 1; i <= count; i++) {
        if (words[i] ~ /^-/)
            out = out " Fl " plain(substr(words[i], 2))
        else
            out = out " Ar " plain(words[i])
    }
    return substr(out, 2)
}

function synopsis(text,    command)
{
    print ".Nm logboom"
    if (match(text, /^[a-z]+/)) {
        print ".Cm " substr(text, 1, RLENGTH)
        text = substr(text, RLENGTH + 1)
    }
    while (text ~ /[^ ]/) {
        sub(/^ +/, "", text)
        if (text ~ /^\[/) {
            end = index(text, "]")
            print ".Op " synopsis_words(substr(text, 2, end - 2))
        } else {
            end = match(text, / +\[/) ? RSTART - 1 : length(text)
            print "." synopsis_words(substr(text, 1, end))
        }
        text = substr(text, end + 1)
    }
}

tolower(substr($0, 1, 6)) == "usage:" || (in_usage && /^ /) {
    in_usage = 1
    if (what == "synopsis") {
        sub(/^[Uu]sage:/, "")
        sub(/^ *logboom */, "")
        synopsis($0)
    }
    next
}

{ in_usage = 0 }

what == "synopsis" { next }

/^$/ {
    flush_text()
    end_list()
    paragraph = 1
    next
}

/^ ? ?[^ ].*  +[^ ]/ && /^  / || /^  -[^ ]*( [A-Z]+)?$/ {
    flush_text()
    if (!listing)
        print ".Bl -tag -width Ds"
    listing = 1
    text = substr($0, 3)
    end = match(text, /  +/) ? RSTART : length(text) + 1
    print tag_of(substr(text, 1, end - 1))
    text = substr(text, end)
    sub(/^ +/, "", text)
    if (text != "")
        add(text)
    paragraph = 0
    next
}

# A command to copy.
/^ +logboomd? / {
    flush_text()
    sub(/^ +/, "")
    print ".Dl " plain($0)
    next
}

/^ / {
    sub(/^ +/, "")
    add($0)
    next
}

{
    if (paragraph && begun) {
        flush_text()
        print ".Pp"
    }
    begun = 1
    paragraph = 0
    add($0)
}

END {
    flush_text()
    end_list()
}
