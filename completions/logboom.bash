# bash completion for logboom(1) and logboomd(8). Asks the programs themselves, so it knows every
# command and option that they have.

_logboom_words() {
    # Words of the list behind `commands:`, or all options.
    case $1 in
    commands) sed -n '/^commands:/,/^$/ s/^  \([a-z][a-z-]*\).*/\1/p' ;;
    options) grep -oE '^ +(-[A-Za-z], )?--[a-z][a-z-]*' | grep -oE -- '--[a-z][a-z-]*' ;;
    esac
}

_logboom_value() {
    # What stands behind an option, by its name alone.
    case $1 in
    -c | --config | --key | --public) COMPREPLY=($(compgen -f -- "$2")) ;;
    --to) COMPREPLY=($(compgen -W 'tcp://127.0.0.1:5514 ipc:///run/logboom/ingest.sock' -- "$2")) ;;
    --socket) COMPREPLY=($(compgen -W 'auto pull sub router rep pair' -- "$2")) ;;
    --log-level | --min-level) COMPREPLY=($(compgen -W 'error warning notice info' -- "$2")) ;;
    *) return 1 ;;
    esac
}

_logboom() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}
    local command=

    COMPREPLY=()
    _logboom_value "$last" "$word" && return
    if [[ ${program##*/} == logboom && COMP_CWORD -gt 1 ]]; then
        command=${COMP_WORDS[1]}
    fi
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$("$program" $command --help 2>/dev/null | _logboom_words options)" -- "$word"))
    elif [[ ${program##*/} == logboom ]] && [[ -z $command || $command == help ]]; then
        COMPREPLY=($(compgen -W "$("$program" --help 2>/dev/null | _logboom_words commands)" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}

complete -o filenames -o bashdefault -F _logboom logboom logboomd
