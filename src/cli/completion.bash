_clap_complete_rictl() {
    local IFS=$'\013'
    # Readline splits at what COMP_WORDBREAKS holds, `:` and `=` among it: what stands without a blank between is one word.
    local -a words=()
    local rest="${COMP_LINE:0:COMP_POINT}" word left index space=true
    for ((index = 0; index <= COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        left="${rest#"${rest%%[![:space:]]*}"}"
        ((index < COMP_CWORD)) || word="$left"
        if ((${#words[@]})) && [[ $left == "$rest" ]]; then
            words[${#words[@]} - 1]+="$word"
        else
            words+=("$word")
        fi
        rest="${left:${#word}}"
    done
    local whole="${words[${#words[@]} - 1]}"
    # Of that word only what comes after the last break is put in.
    local before="${whole%"$2"}"
    if compopt +o nospace 2> /dev/null; then
        space=false
    fi
    COMPREPLY=($(
        _CLAP_IFS="$IFS" \
        _CLAP_COMPLETE_INDEX="$((${#words[@]} - 1))" \
        _CLAP_COMPLETE_COMP_TYPE="$COMP_TYPE" \
        _CLAP_COMPLETE_SPACE="$space" \
        RICTL_COMPLETE=bash \
        rictl -- "${words[@]}"
    ))
    if [[ $? != 0 ]]; then
        unset COMPREPLY
        return
    fi
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
    if [[ $space == false && "${COMPREPLY-}" =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _clap_complete_rictl rictl
else
    complete -o nospace -o bashdefault -F _clap_complete_rictl rictl
fi
