"""A second guest in addition to "web" on the source, for tests of rules that judge each guest separately."""

import json

from tests.case import Case

#: The subject of what is said about it.
DB = "guest db"


def with_db(case: Case) -> Case:
    """The case with a guest "db" that is like "web" but for its name and UUID; what follows changes "web" alone."""

    def add(text: str) -> str:
        listed = json.loads(text)
        web = listed["domains"][0]
        xml = web["xml"].replace("<name>web<", "<name>db<").replace(web["uuid"], _UUID)
        listed["domains"].append(web | {"name": "db", "uuid": _UUID, "id": 2, "xml": xml})
        return json.dumps(listed)

    return case.source("libvirt.domains", add)


_UUID = "0b6d7c1e-2a4f-4d5c-9b8e-6a1f3c2d4e5f"
