"""Which functions an event reaches, by the template's own rules."""

from template.pattern import delivers
from template.stack import translate


class Rules:
    """Which functions an event reaches, by the template's own rules."""

    def __init__(self):
        self._stack = translate()
        inlets = {function: [function, *self._stack.queues_of(function)] for function in self._stack.functions()}
        self._names = {self._stack.arn(inlet): self._stack.name(function).removeprefix("rescind-") for function, its in inlets.items() for inlet in its}

    def reached(self, event: dict) -> list[str]:
        rules = self._stack.of_type("AWS::Events::Rule").values()
        return sorted({self._names[target["Arn"]] for rule in rules if delivers(rule, event) for target in rule["Targets"]})
