# Completion for bailiwick.
# Made by docs/man/generate.py from the program's tables and help texts; do not edit.
_bailiwick() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verbs options
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'init check serve classify model decide rules audit demo help --help --version' -- "$word")
		return
	fi
	case "${COMP_WORDS[1]}" in
	init)
		verbs=''
		options='--country --help --json --site'
		;;
	check)
		verbs=''
		options='--config --help --json -c'
		;;
	serve)
		verbs=''
		options='--config --help --no-sandbox -c'
		;;
	classify)
		verbs=''
		options='--explain --hash-list --help --json --jsonl --model --no-model'
		;;
	model)
		verbs='info eval bench install bundle key corrections'
		options='--allow-rollback --config --format --help --json --key --languages --lower --map --model --name --no-model --offsets --precision --prefix --recall --sentences --sequence --test --types --version -c'
		;;
	decide)
		verbs=''
		options='--app --config --help --json --path --request -c'
		;;
	rules)
		verbs='check explain'
		options='--config --help --json -c'
		;;
	audit)
		verbs='list show find tail verify prove export'
		options='--app --config --destination --from --help --json --kind --refusal --regime --rule --store --to --type --vkey -c'
		;;
	demo)
		verbs=''
		options='--help --prompts --serve'
		;;
	help)
		verbs='init check serve classify model decide rules audit demo config'
		options=''
		;;
	*) return ;;
	esac
	case "$before" in
	--kind)
		mapfile -t COMPREPLY < <(compgen -W 'decision attempt outcome review approval access erasure hold policy-change key-change heartbeat refusal-summary start stop' -- "$word")
		return
		;;
	-c | --config | --request | --prompts | --vkey)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--store)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	esac
	if [[ "$word" = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	elif [ "$COMP_CWORD" = 2 ] && [ -n "$verbs" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}
complete -o filenames -F _bailiwick bailiwick
