# mdoc.awk - text for mdoc(7): nothing in it is taken for a command, a sentence begins a line,
# and no line is long.

function plain(text)
{
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    sub(/^[.']/, "\\\\\\&&", text)
    return text
}

function say(text,    words, count, line, word, i)
{
    count = split(text, words, / +/)
    for (i = 1; i <= count; i++) {
        word = plain(words[i])
        if (line != "" && length(line) + length(word) > 76) {
            print line
            line = ""
        }
        line = line == "" ? word : line " " word
        if (i == count || words[i] ~ /[.]['")]?$/) {
            print line
            line = ""
        }
    }
}
