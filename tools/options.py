"""docs/reference/options.md: the options that say how guests are moved, from their declaration."""

from collections.abc import Iterator

from tabulate import tabulate

from preflight.request.options import Form, Group, Option, Told, declared, option_name, type_of

HEADERS = ("Option", "What it says", "Goes with", "libvirt has", "since libvirt", "QEMU")


def markdown() -> str:
    """One table a group, of every option."""
    return (
        "# The options that say how guests are moved\n\n"
        "`preflight migrate` and `plan` take all of them, `check` all but those of `--timeout`, under the names of\n"
        "`virsh migrate` of libvirt 12.8. The check refuses one that a host's libvirt or QEMU is too old for (rule\n"
        "`flag-unsupported`); where no release stands, none that preflight can talk to lacks it. Written by\n"
        "`python -m tools.documentation` from their declaration in `preflight/request/options.py`.\n"
        + "".join(_section(group) for group in Group)
    )


def _section(group: Group) -> str:
    rows = [row for name, option in declared().items() if option.group is group for row in _rows(name, option)]
    if not rows:
        return ""
    return f"\n## {group}\n\n{tabulate(rows, HEADERS, tablefmt='github', disable_numparse=True)}\n"


def _rows(name: str, option: Option) -> Iterator[tuple[str, ...]]:
    needs = " or ".join(f"`--{one.replace('=', ' ')}`" for one in option.needs)
    for switch in option.switches:
        yield ", ".join(f"`{one}`" for one in switch.names), switch.help, needs, *_told(switch.libvirt)
    if not option.switches:
        value = "" if type_of(name) in (bool, bool | None) else f" {_value(option)}"
        contrary = f", `{option.contrary}`" if option.contrary else ""
        yield f"`{option_name(name)}{value}`{contrary}", option.help, needs, *_told(option.libvirt)
    for word, told in option.words.items():
        yield f"`{option_name(name)} {word}`", "", "", *_told(told)


def _value(option: Option) -> str:
    if option.least is not None:
        return "N"
    return {Form.XML: "FILE", Form.DISK: "DISK,..."}.get(option.form, "TEXT")


def _told(told: Told) -> tuple[str, str, str]:
    names = [f"VIR_MIGRATE_{flag}" for flag in told.flags] + ([told.parameter] if told.parameter else [])
    lost = f", not since {_release(told.lost)}" if told.lost else ""
    qemu = f"since {_release(told.qemu)}{lost}" if told.qemu > (0,) else ""
    return ", ".join(f"`{one}`" for one in names), _release(told.since) if told.since else "", qemu


def _release(parts: tuple[int, ...]) -> str:
    return ".".join(map(str, (*parts, 0, 0)[:3]))
