# bash completion for logboom(1) and logboomd(8). Asks the programs themselves, so it knows every
# command and option that they have, and the sinks of the daemon that runs.

_logboom_words() {
    # Words of the list behind `commands:`, all options, or the names of sinks.
    case $1 in
    commands) sed -n '/^commands:/,/^$/ s/^  \([a-z][a-z-]*\).*/\1/p' ;;
    options) grep -oE '^ +(-[A-Za-z], )?--[a-z][a-z-]*' | grep -oE -- '--[a-z][a-z-]*' ;;
    sinks) sed -n 's/.*"sinks":\[//p' | grep -oE '^\{"name":"[^"\\]*"|,\{"name":"[^"\\]*"' | cut -d'"' -f4 ;;
    esac
}

_logboom_offer() {
    # Words that are no files, so that a colon in them stays as it is.
    compopt +o filenames 2>/dev/null
    COMPREPLY=($(compgen -W "$1" -- "$2"))
}

_logboom_files() {
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$1"))
}

_logboom_value() {
    # What stands behind an option, by its name alone.
    case $1 in
    -c | --config | --control | --key | --public) _logboom_files "$2" ;;
    --to) _logboom_offer 'tcp://127.0.0.1:5514 ipc:///run/logboom/ingest.sock' "$2" ;;
    --socket) _logboom_offer 'auto pull sub router rep pair' "$2" ;;
    --log-level) _logboom_offer 'error warning notice info' "$2" ;;
    --level | --min-level) _logboom_offer 'emerg alert crit error warning notice info debug trace' "$2" ;;
    --by) _logboom_offer 'client app host' "$2" ;;
    --color) _logboom_offer 'auto always never' "$2" ;;
    --app | --host | --grep | -n | --last | --count | --timeout | --batch-size | --max-line | --server-key | \
        --name | --listening) ;;
    *) return 1 ;;
    esac
}

_logboom_argument() {
    # Of a command, what is no option: PROGRAM COMMAND WORD BEFORE.
    case $2 in
    push | unescape | keygen) _logboom_files "$3" ;;
    help) _logboom_offer "$("$1" --help 2>/dev/null | _logboom_words commands)" "$3" ;;
    sink)
        if [[ $4 == sink ]]; then
            _logboom_offer "$("$1" stat --json 2>/dev/null | _logboom_words sinks)" "$3"
        else
            _logboom_offer 'drop resume' "$3"
        fi
        ;;
    esac
}

_logboom() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}
    local command=

    COMPREPLY=()
    if [[ ${program##*/} == logboom && COMP_CWORD -gt 1 ]]; then
        command=${COMP_WORDS[1]}
    fi
    _logboom_value "$last" "$word" && return
    if [[ $word == -* ]]; then
        _logboom_offer "$("$program" $command --help 2>/dev/null | _logboom_words options)" "$word"
    elif [[ -n $command ]]; then
        _logboom_argument "$program" "$command" "$word" "$last"
    elif [[ ${program##*/} == logboom ]]; then
        _logboom_argument "$program" help "$word"
    fi
}

complete -F _logboom logboom logboomd
