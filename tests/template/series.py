"""Metric math over periods, as CloudWatch computes it (CloudWatch user guide, "Using metric math")."""

import operator
import re


class Series(list):
    """A time series of CloudWatch's: one value for each period, None if it has none. Arithmetic is by period."""

    def _with(self, other, operation):
        others = other if isinstance(other, Series) else [other] * len(self)
        return Series(None if a is None or b is None else operation(a, b) for a, b in zip(self, others, strict=True))

    def __add__(self, other):
        return self._with(other, operator.add)

    def __sub__(self, other):
        return self._with(other, operator.sub)

    def __rmul__(self, factor):
        return self._with(factor, operator.mul)

    def __gt__(self, other):
        return self._with(other, operator.gt)

    def __and__(self, other):
        return self._with(other, operator.and_)


def computed(alarm, periods, counted):
    """Every series of an alarm by its id. `counted` are the metrics' values by period; every other one is missing."""
    stats = {m["Id"]: Series([None] * periods) for m in alarm["Metrics"] if "MetricStat" in m}
    for metric, values in counted.items():
        assert metric in stats
        for period, value in values.items():
            stats[metric][period] = value

    def fill(series, value):
        return [fill(s, value) for s in series] if not isinstance(series, Series) else Series(value if v is None else v for v in series)

    def at(value, period):
        return value[period] if isinstance(value, Series) else value

    functions = {
        "FILL": fill,
        "METRICS": lambda part: [series for id, series in stats.items() if part in id],
        "SUM": lambda several: Series(map(sum, zip(*several, strict=True))),
        "DIFF": lambda s: Series([None, *(None if a is None or b is None else b - a for a, b in zip(s, s[1:], strict=False))]),
        "IF": lambda condition, yes, no: Series(None if c is None else at(yes if c else no, i) for i, c in enumerate(condition)),
    }
    found, waiting = dict(stats), {m["Id"]: m["Expression"].replace(" AND ", " & ") for m in alarm["Metrics"] if "Expression" in m}
    while waiting:
        ready = {id: text for id, text in waiting.items() if waiting.keys().isdisjoint(re.findall(r"\w+", text))}
        assert ready, f"these refer to one another: {sorted(waiting)}"
        for id, text in ready.items():
            found[id] = eval(text, {"__builtins__": {}}, functions | found)  # noqa: S307
            del waiting[id]
    return found


def rings(alarm, periods, **counted):
    """The periods in which the alarm's state becomes ALARM: CloudWatch acts then, and not for as long as the state lasts."""
    returned, = (m["Id"] for m in alarm["Metrics"] if m["ReturnData"])
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == ("GreaterThanThreshold", "notBreaching")
    breaching = [value is not None and value > alarm["Threshold"] for value in computed(alarm, periods, counted)[returned]]
    span, needed = alarm["EvaluationPeriods"], alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])
    states = [sum(breaching[max(0, period + 1 - span) : period + 1]) >= needed for period in range(periods)]
    return [period for period, state in enumerate(states) if state and not (period and states[period - 1])]
