/**
 * Completion for shells: each asks `alcove __complete` with the words so far and gets one suggestion
 * a line, a tab and a description after it. Where there is none, the shell completes file names.
 */

const BASH = `# alcove completion for bash: source it, or put it into /etc/bash_completion.d/alcove
_alcove() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("$1" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *: ]]; then compopt -o nospace; fi
}
complete -o default -F _alcove alcove
`;

const ZSH = `#compdef alcove
# alcove completion for zsh: put it as _alcove into a directory of $fpath, or source it after compinit
_alcove() {
  local line
  local -a names shown
  while IFS= read -r line; do
    names+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( ! $#names )); then
    _files
  elif [[ \${names[1]} == *: ]]; then
    compadd -S '' -l -d shown -a names
  else
    compadd -l -d shown -a names
  fi
}
if [[ \${funcstack[1]} == _alcove ]]; then _alcove "$@"; else compdef _alcove alcove; fi
`;

const FISH = `# alcove completion for fish: put it into ~/.config/fish/completions/alcove.fish
function __alcove_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l found ($words[1] __complete -- $words[2..-1] "$typed" 2>/dev/null)
    if test (count $found) -eq 0
        __fish_complete_path "$typed"
    else
        printf '%s\\n' $found
    end
end
complete -c alcove -f -a '(__alcove_complete)'
`;

export const COMPLETION_SCRIPTS: Readonly<Record<"bash" | "zsh" | "fish", string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
};
