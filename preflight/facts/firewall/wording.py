"""Text of a rule, similar to nft's output, for a person who looks for it."""

from preflight.facts.firewall.rules import Chain, Json, Rule, Table

_SILENT = frozenset(("counter", "log", "comment"))
_LONGEST = 200


def rule_text(table: Table, chain: Chain, rule: Rule) -> str:
    """Format a rule as `table inet filter chain input: tcp dport 22 accept`, followed by its comment."""
    words = " ".join(_statement(one) for one in rule.statements if not _SILENT.intersection(one))
    remark = f' comment "{rule.comment}"' if rule.comment else ""
    return _short(f"{_place(table, chain)}: {words}{remark}")


def policy_text(table: Table, chain: Chain) -> str:
    """Format a policy as `table inet filter chain input: policy drop`."""
    return _short(f"{_place(table, chain)}: policy {chain.policy}")


def _place(table: Table, chain: Chain) -> str:
    return f"table {table.family} {table.name} chain {chain.name}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _statement(statement: Json) -> str:
    (kind, body), *_ = statement.items()
    if kind in ("match", "ipset") and "text" in body:
        return str(body["text"])
    if kind == "match":
        operator = "" if body["op"] in ("==", "in") else f"{body['op']} "
        return f"{_expression(body['left'])} {operator}{_expression(body['right'])}"
    if kind == "vmap":
        return f"{_expression(body['key'])} vmap {_expression(body['data'])}"
    if kind in ("jump", "goto"):
        return f"{kind} {body['target']}"
    if kind == "xt":
        known = body or {}
        return str(known.get("text") or f"xt {known.get('type', '')} {known.get('name', '')}".strip())
    if kind in ("redirect", "dnat") and body:
        port = f":{_expression(body['port'])}" if "port" in body else ""
        return f"{kind} to {_expression(body.get('addr', ''))}{port}"
    if kind == "reject" and isinstance(body, dict) and "expr" in body:
        return " ".join(filter(None, ("reject with", body.get("type"), body["expr"])))
    return str(kind)


def _expression(expression: Json) -> str:
    if isinstance(expression, list):
        return ",".join(_expression(one) for one in expression)
    if not isinstance(expression, dict):
        return {True: "exists", False: "missing"}[expression] if isinstance(expression, bool) else str(expression)
    (kind, body), *_ = expression.items()
    if kind == "payload" and "protocol" in body:
        return f"{body['protocol']} {body['field']}"
    if kind in ("meta", "ct"):
        return str(body["key"]) if kind == "meta" and body["key"] in _BARE else f"{kind} {body['key']}"
    if kind == "fib":
        return f"fib {_expression(body['flags']).replace(',', ' . ')} {body['result']}"
    if kind == "set":
        return "{ " + ", ".join(map(_member, body if isinstance(body, list) else [body])) + " }"
    if kind == "range":
        return "-".join(map(_expression, body))
    if kind == "prefix":
        return f"{body['addr']}/{body['len']}"
    if kind == "concat":
        return " . ".join(map(_expression, body))
    if kind in ("&", "|", "^"):
        return f" {kind} ".join(map(_expression, body))
    if kind == "elem":
        return _expression(body["val"])
    return str(kind)


_BARE = frozenset(("iif", "iifname", "oif", "oifname", "mark"))


def _member(member: Json) -> str:
    if isinstance(member, list) and len(member) == 2:
        return f"{_expression(member[0])} : {_statement(member[1])}"
    return _expression(member)
