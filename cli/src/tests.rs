use std::collections::BTreeSet;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::*;

/// The examples in the help of a command: what this program is called with.
fn examples(command: &clap::Command) -> Vec<Vec<String>> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let ours = help.lines().filter_map(|line| Some(format!("rescind {}", line.strip_prefix("  ")?.split_once("rescind ")?.1)));
    ours.map(|line| words(line.split(['<', '>', '|']).next().unwrap_or_default())).collect()
}

/// A line as a shell splits it, as far as these examples need.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.trim().chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

#[test]
fn every_command_s_help_has_an_example_that_parses_as_that_command() {
    for command in Arguments::command().get_subcommands() {
        let examples = examples(command);
        assert!(!examples.is_empty(), "{} has no example", command.get_name());
        for example in examples {
            let parsed = Arguments::command().try_get_matches_from(&example);
            let parsed = parsed.unwrap_or_else(|error| panic!("{example:?}: {error}"));
            assert_eq!(parsed.subcommand_name(), Some(command.get_name()), "{example:?}");
        }
    }
}

/// Those whose results are JSON anyway, and those that print none.
const WITHOUT_JSON: [&str; 3] = ["completions", "man", "simulate"];

#[test]
fn every_command_that_prints_results_can_print_json() {
    let without: Vec<String> = Arguments::command()
        .get_subcommands()
        .filter(|command| !command.get_arguments().any(|argument| argument.get_long() == Some("json")))
        .map(|command| command.get_name().to_owned())
        .collect();
    assert_eq!(without, WITHOUT_JSON);
}

#[test]
fn every_command_has_a_manual_page_and_each_page_its_example() {
    let dir = std::env::temp_dir().join(format!("rescind-man-{}", std::process::id()));
    manual::man(&manual::Man { dir: dir.clone() }, Arguments::command()).unwrap();
    let pages: BTreeSet<String> = std::fs::read_dir(&dir).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    let commands = Arguments::command().get_subcommands().map(|command| format!("rescind-{}.1", command.get_name())).collect::<Vec<_>>();
    assert_eq!(pages, commands.iter().cloned().chain(["rescind.1".to_owned()]).collect());
    for page in commands {
        assert!(std::fs::read_to_string(dir.join(&page)).unwrap().contains("Example"), "{page}");
    }
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn every_shell_completes_every_command() {
    for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
        let mut script = Vec::new();
        manual::completions(&manual::Completions { shell }, Arguments::command(), &mut script).unwrap();
        let script = String::from_utf8(script).unwrap();
        for command in Arguments::command().get_subcommands() {
            assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
    }
}
