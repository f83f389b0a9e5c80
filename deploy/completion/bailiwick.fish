# Completion for bailiwick.
# Made by docs/man/generate.py from the program's tables and help texts; do not edit.
complete -c bailiwick -n __fish_use_subcommand -f -a init -d 'make a configuration, keys and a store; finds local engines'
complete -c bailiwick -n __fish_use_subcommand -f -a check -d 'configuration, rules, model, store, certificates, clock, engines: one report'
complete -c bailiwick -n __fish_use_subcommand -f -a serve -d 'run the gateway'
complete -c bailiwick -n __fish_use_subcommand -f -a classify -d 'text in, findings out'
complete -c bailiwick -n __fish_use_subcommand -f -a model -d 'what the tagger is, how well and how fast it finds; other models'
complete -c bailiwick -n __fish_use_subcommand -f -a decide -d 'what would happen, and why; sends nothing'
complete -c bailiwick -n __fish_use_subcommand -f -a rules -d 'check and explain rule books'
complete -c bailiwick -n __fish_use_subcommand -f -a audit -d 'read, verify, prove and export the log'
complete -c bailiwick -n __fish_use_subcommand -f -a demo -d 'two stand-in engines, the gateway, real prompts, a table of what happened'
complete -c bailiwick -n __fish_use_subcommand -f -a help -d 'help on a command or on the configuration'
complete -c bailiwick -n '__fish_seen_subcommand_from init' -l country -r
complete -c bailiwick -n '__fish_seen_subcommand_from init' -l help
complete -c bailiwick -n '__fish_seen_subcommand_from init' -l json
complete -c bailiwick -n '__fish_seen_subcommand_from init' -l site -r
complete -c bailiwick -n '__fish_seen_subcommand_from check' -l config -r
complete -c bailiwick -n '__fish_seen_subcommand_from check' -l help
complete -c bailiwick -n '__fish_seen_subcommand_from check' -l json
complete -c bailiwick -n '__fish_seen_subcommand_from check' -s c -r
complete -c bailiwick -n '__fish_seen_subcommand_from serve' -l config -r
complete -c bailiwick -n '__fish_seen_subcommand_from serve' -l help
complete -c bailiwick -n '__fish_seen_subcommand_from serve' -l no-sandbox
complete -c bailiwick -n '__fish_seen_subcommand_from serve' -s c -r
complete -c bailiwick -n '__fish_seen_subcommand_from classify' -l explain
complete -c bailiwick -n '__fish_seen_subcommand_from classify' -l hash-list
complete -c bailiwick -n '__fish_seen_subcommand_from classify' -l help
complete -c bailiwick -n '__fish_seen_subcommand_from classify' -l json
complete -c bailiwick -n '__fish_seen_subcommand_from classify' -l jsonl
complete -c bailiwick -n '__fish_seen_subcommand_from classify' -l model -r
complete -c bailiwick -n '__fish_seen_subcommand_from classify' -l no-model
complete -c bailiwick -n '__fish_seen_subcommand_from model' -a 'info eval bench install bundle key corrections'
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l allow-rollback -r
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l config -r
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l format -r
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l help
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l json
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l key -r
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l languages
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l lower
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l map
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l model -r
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l name
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l no-model
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l offsets
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l precision
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l prefix -r
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l recall
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l sentences
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l sequence -r
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l test -r
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l types
complete -c bailiwick -n '__fish_seen_subcommand_from model' -l version -r
complete -c bailiwick -n '__fish_seen_subcommand_from model' -s c -r
complete -c bailiwick -n '__fish_seen_subcommand_from decide' -l app -r
complete -c bailiwick -n '__fish_seen_subcommand_from decide' -l config -r
complete -c bailiwick -n '__fish_seen_subcommand_from decide' -l help
complete -c bailiwick -n '__fish_seen_subcommand_from decide' -l json
complete -c bailiwick -n '__fish_seen_subcommand_from decide' -l path -r
complete -c bailiwick -n '__fish_seen_subcommand_from decide' -l request -r
complete -c bailiwick -n '__fish_seen_subcommand_from decide' -s c -r
complete -c bailiwick -n '__fish_seen_subcommand_from rules' -a 'check explain'
complete -c bailiwick -n '__fish_seen_subcommand_from rules' -l config -r
complete -c bailiwick -n '__fish_seen_subcommand_from rules' -l help
complete -c bailiwick -n '__fish_seen_subcommand_from rules' -l json
complete -c bailiwick -n '__fish_seen_subcommand_from rules' -s c -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -a 'list show find tail verify prove export'
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l app -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l config -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l destination -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l from -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l help
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l json
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l kind -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l refusal -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l regime -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l rule -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l store -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l to -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l type -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -l vkey -r
complete -c bailiwick -n '__fish_seen_subcommand_from audit' -s c -r
complete -c bailiwick -n '__fish_seen_subcommand_from demo' -l help
complete -c bailiwick -n '__fish_seen_subcommand_from demo' -l prompts -r
complete -c bailiwick -n '__fish_seen_subcommand_from demo' -l serve
complete -c bailiwick -n '__fish_seen_subcommand_from help' -a 'init check serve classify model decide rules audit demo config'
