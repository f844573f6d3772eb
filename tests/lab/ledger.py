"""The ledger's table in the emulated account, as a person with a console sees it and can edit it."""

import json
from datetime import datetime, timedelta, timezone

from lab.emulator import Emulator


class Ledger:
    """Creates the table."""

    def __init__(self, account: Emulator):
        self._client = account.dynamodb
        self.table = account.ledger("rescind-Ledger-1A2B3C4D5E6F")

    def items(self) -> list[dict]:
        """Every item, its attributes as plain values."""
        pages = self._client.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        return [{name: next(iter(value.values())) for name, value in item.items()} for page in pages for item in page["Items"]]

    def cases(self) -> list[dict]:
        """The items that are cases, parts left out, each with its body read."""
        return [{**item, "body": json.loads(item.get("body", "null"))} for item in self.items() if item["sk"].startswith("case#")]

    @property
    def states(self) -> list[str]:
        return [case["state"] for case in self.cases()]

    def set(self, case: dict, **attributes: str) -> None:
        """Edits an item by hand."""
        for name, value in attributes.items():
            self._client.update_item(
                TableName=self.table, Key={key: {"S": case[key]} for key in ("pk", "sk")},
                UpdateExpression="SET #name = :value", ExpressionAttributeNames={"#name": name}, ExpressionAttributeValues={":value": {"S": value}},
            )  # fmt: skip

    def put(self, **attributes: str) -> None:
        """An item, written by hand."""
        self._client.put_item(TableName=self.table, Item={name: {"S": value} for name, value in attributes.items()})

    def contains(self, target, function: str = "quarantine-principal", **containment: str) -> None:
        """As if a function had contained this user or role so."""
        identity = {"type": target.kind, "name": target.name, "id": target.id}
        which = f" {containment['policyName']}" if target.kind == "role" else ""
        item = {"pk": f"{function}#contained", "sk": f"{target.kind} {target.id}{which}", "identity": json.dumps(identity), "containment": json.dumps(containment)}
        self._client.put_item(TableName=self.table, Item={name: {"S": value} for name, value in item.items()})

    def forget(self) -> None:
        """As if every case had expired; who is contained stays known."""
        for item in self.items():
            if not item["pk"].endswith("#contained"):
                self._remove(item)

    def age(self, minutes: float = 2) -> None:
        """As if so much time had passed since every case was stored."""
        for case in self.cases():
            at = datetime.fromisoformat(case["at"]) - timedelta(minutes=minutes)
            self.set(case, at=at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))

    def decided(self, minutes_ago: float) -> None:
        """As if every case had been decided so long before."""
        for case in self.cases():
            time = datetime.fromisoformat(case["time"]) - timedelta(minutes=minutes_ago)
            self.set(case, time=time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"))

    def reported(self, hours_ago: float) -> None:
        """As if every contested change had been reported so long ago."""
        for item in self.items():
            if "told" in item:
                told = datetime.now(timezone.utc) - timedelta(hours=hours_ago)
                self.set(item, told=told.strftime("%Y-%m-%dT%H:%M:%S.000Z"))

    def of(self, kind: str) -> list[dict]:
        """The items of that kind, of every function: `storm`, `held`, `taken`."""
        return [item for item in self.items() if item["pk"].endswith(f"#{kind}")]

    def an_hour_passes(self) -> None:
        """As if the hour of every guardrail were over, and what was held or only counted in it were due."""
        then = (datetime.now(timezone.utc) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for count in (*self.of("storm"), *self.of("repeats")):
            self.set(count, since=(datetime.now(timezone.utc) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        for held in self.of("held"):
            self._client.delete_item(TableName=self.table, Key={key: {"S": held[key]} for key in ("pk", "sk")})
            why = {**json.loads(held["held"]), "until": then}
            item = {**held, "sk": f"{then}#{held['sk'].partition('#')[2]}", "held": json.dumps(why)}
            values = {name: {"N" if name == "expires" else "S": value} for name, value in item.items()}
            self._client.put_item(TableName=self.table, Item=values)
        for case in self.cases():
            if case["outcome"] == "held" and case["state"] == "closed":
                case["body"]["case"]["held"]["until"] = then
                self.set(case, body=json.dumps(case["body"]))

    def stop(self, everything: str | None = None, **guardrails: str) -> None:
        """The stop, as a person writes it in the console; `None` ends it."""
        item = {"pk": {"S": "stop"}, "sk": {"S": "stop"}, "guardrails": {"M": {id: {"S": reason} for id, reason in guardrails.items()}}}
        if everything is not None:
            item["everything"] = {"S": everything}
        self._client.put_item(TableName=self.table, Item=item)

    def clear(self) -> None:
        for item in self.items():
            self._remove(item)

    def _remove(self, item: dict) -> None:
        self._client.delete_item(TableName=self.table, Key={key: {"S": item[key]} for key in ("pk", "sk")})
