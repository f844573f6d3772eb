"""The shell commands in the project's documents, and what is wrong with one."""

import functools
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import botocore.session
import samcli.commands.build.command
import samcli.commands.delete.command
import samcli.commands.deploy.command
from botocore import xform_name
from lab.binaries import RELEASE
from lab.events import ROOT
from samtranslator.yaml_helper import yaml_parse

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Words that begin a command of the project's own or of a tool that its reader needs.
INLINE = ("rescind ", "aws ", "sam ", "make ")
ENDS = {";", "|", "||", "&&", "&", "(", ")", "do", "done", "then"}
# Options of every `aws` command, and arguments that it calls otherwise than the API does (AWS CLI command reference).
OF_THE_CLI = {"output", "query", "region", "profile", "cli-binary-format", "no-cli-pager", "endpoint-url"}
RENAMED = {("sns", "subscribe", "endpoint"): "notification-endpoint"}


@dataclass(frozen=True)
class Command:
    """One command: its words, and whether a reader is to run it as it stands."""

    document: Path
    words: tuple[str, ...]
    complete: bool

    def __str__(self) -> str:
        return f"{self.document.name}: {shlex.join(self.words)}"


def commands() -> list[Command]:
    return [command for document in DOCUMENTS for command in _of(document)]


def _of(document: Path) -> Iterator[Command]:
    text = document.read_text(encoding="utf-8")
    for indent, kind, block in re.findall(r"^( *)```(console|sh|bash)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        block = block.replace("\n" + indent, "\n").removeprefix(indent).replace("\\\n", " ")
        lines = [line.removeprefix("$ ") for line in block.splitlines() if kind != "console" or line.startswith("$ ")]
        for words in _split("\n".join(lines)):
            yield Command(document, words, complete=True)
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r"`([^`\n]+)`", prose):
        if code.startswith(INLINE):
            for words in _split(code):
                yield Command(document, words, complete=False)


def _split(text: str) -> Iterator[tuple[str, ...]]:
    """The simple commands of a script, without what a loop or a redirection adds."""
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word in ENDS or set(word) <= set("();|&"):
                words = words[: words.index(">")] if ">" in words else words
                if words and words[0] != "for":
                    yield tuple(words)
                words = []
            elif not (word == "$" and not words):
                words.append(word)


def wrong_with(command: Command) -> str | None:
    """Why it is no command, or None."""
    check = {"rescind": _rescind, "aws": _aws, "make": _make, "sam": _sam, "cargo": _cargo, "rustup": _known, "pip": _known, "git": _known}.get(command.words[0])
    return check(command) if check else f"no document explains {command.words[0]}"


def _rescind(command: Command) -> str | None:
    arguments = list(command.words[1:])
    if not command.complete:
        # Prints a help, unless a word before it is no argument.
        arguments += ["--help"]
    # Without credentials: what needs an account fails, and by another status than what cannot be read.
    env = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}
    ran = subprocess.run([str(RELEASE / "rescind"), *arguments], cwd=ROOT, env=env, input="", capture_output=True, text=True, timeout=60, check=False)
    # doctor says by the same status that it could not look at anything.
    return ran.stderr if ran.returncode == 2 and not ran.stderr.startswith("nothing was looked at: no credentials") else None


@functools.cache
def _model(service: str):
    session = botocore.session.get_session()
    return session.get_service_model(service) if service in session.get_available_services() else None


def _aws(command: Command) -> str | None:
    service, operation, *arguments = command.words[1:]
    if (service, operation) == ("s3", "sync"):
        # A command of the AWS CLI's own, and no operation.
        return None
    if (model := _model(service)) is None:
        return f"AWS has no service {service}"
    name = next((name for name in model.operation_names if xform_name(name, "-") == operation), None)
    if name is None:
        return f"{service} has no operation {operation}"
    shape = model.operation_model(name).input_shape
    members = {xform_name(member, "-"): (member, inner) for member, inner in shape.members.items()} if shape else {}
    members = {RENAMED.get((service, operation, option), option): member for option, member in members.items()}
    given: dict[str, str | None] = {}
    for position, word in enumerate(arguments):
        if word.startswith("--"):
            follows = arguments[position + 1] if position + 1 < len(arguments) else ""
            given[word[2:]] = None if follows.startswith("--") or not follows else follows
    for option, value in given.items():
        if option in OF_THE_CLI:
            continue
        if option not in members and option.removeprefix("no-") not in members:
            return f"{name} has no parameter --{option}"
        _, inner = members[option if option in members else option.removeprefix("no-")]
        if problem := _value(inner, value):
            return f"--{option}: {problem}"
    if command.complete and shape:
        if lacking := set(shape.required_members) - {members[option][0] for option in given if option in members}:
            return f"{name} needs {', '.join(sorted(lacking))}"
    return None


def _value(shape, value: str | None) -> str | None:
    """What is wrong with a value, as far as the API's model says: a word that it does not list, a member that it does not have."""
    if value is None or "…" in value or value.startswith("$"):
        return None
    if shape.type_name == "list":
        return _value(shape.member, value)
    if shape.type_name == "structure" and not value.startswith("{"):
        pairs = dict(pair.partition("=")[::2] for pair in value.split(","))
        if unknown := pairs.keys() - shape.members.keys():
            return f"no member {', '.join(sorted(unknown))}"
        return next((problem for key, text in pairs.items() if (problem := _value(shape.members[key], text))), None)
    listed = getattr(shape, "enum", [])
    return f"{value} is none of {', '.join(listed)}" if listed and value not in listed else None


def _make(command: Command) -> str | None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    wanted = {word for word in command.words[1:] if "=" not in word}
    return None if wanted <= targets else f"no target {', '.join(wanted - targets)}"


def _sam(command: Command) -> str | None:
    subcommand, *arguments = command.words[1:]
    known = {name: getattr(samcli.commands, name).command.cli for name in ("build", "deploy", "delete")}
    if subcommand == "local":
        return None if arguments in ([], ["invoke"]) else f"sam local {arguments}"
    if subcommand not in known:
        return f"no subcommand {subcommand}"
    options = {option for parameter in known[subcommand].params for option in (*parameter.opts, *parameter.secondary_opts)}
    if unknown := {word for word in arguments if word.startswith("-")} - options:
        return f"sam {subcommand} has no {', '.join(unknown)}"
    if "--parameter-overrides" in arguments:
        template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))["Parameters"]
        for pair in arguments[arguments.index("--parameter-overrides") + 1 :]:
            name, _, value = pair.partition("=")
            if name not in template:
                return f"template.yaml has no parameter {name}"
            if "…" not in value and not re.fullmatch(template[name].get("AllowedPattern", ".*"), value):
                return f"{name} cannot be {value}"
            if value not in template[name].get("AllowedValues", [value]):
                return f"{name} cannot be {value}"
    return None


def _cargo(command: Command) -> str | None:
    folders = [Path(ROOT, word) for before, word in zip(command.words, command.words[1:], strict=False) if before == "--path"]
    return next((f"there is no {folder}" for folder in folders if not (folder / "Cargo.toml").is_file()), None)


def _known(command: Command) -> str | None:
    return None
