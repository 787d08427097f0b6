"""The embedded demo tenant: a made-up insurer's AI estate, as Azure would return it.

Tarnholm Mutual (no such company) insures homes and ships. Its tenant has a landing
zone of management groups (platform; production and non-production landing zones) and
three subscriptions.

**Platform** holds the hub networks of two regions. A DNS security policy in each
blocks what is known to be bad, allows what the company runs on, and logs every query;
spokes either have a link of their own or ask the hub. One branch network asks a server
on the company's premises and is seen by nobody. A broker that was bought has a machine
for DNS and a policy that logs everything, but linked where no query passes; a clean
room resolves what the company runs on and nothing else, by a policy whose draft lies
about unfinished.

**AI production** is what an auditor is shown first. The claims department's Azure
OpenAI account has no keys, no public network, and may call three named hosts; its
Foundry hub uses identities, an approved-outbound network and storage without keys, and
role assignments confine each identity to its own containers. The actuaries' hub is
encrypted with the company's own key, so Azure manages a storage account, a Search
service and a database for it. In claims, Search, models, people and the scoring
endpoint hold the roles they need of each other; the fraud project was forgotten.
Underwriting came a year earlier and shows it: its account is locked from outside but
may call anything, logs too little, and its hub's storage still takes keys. The contact
centre and a claims scanner of 2017 predate every standard.

Research data is shared out by conditions, and each has a lesson: one lets open data
through and nothing else; one looks like working hours and clearances, and ends in 2040;
one is joined by the wrong word, one undone by an older grant, one asks for an endpoint
that is gone. Platform teams hand out roles under conditions too, some of which hold.

**AI sandbox** is where ideas start and controls do not. One account lists allowed hosts
without restricting anything, another allows a storage account that nobody here owns and
a page that anyone could have opened, a third was closed so well that nobody can reach
it, a fourth gave up its keys before anybody had a role, the oldest has not even a name
of its own. One hub is broken, because its datastores use keys that its storage refuses
and its Search service refuses tokens; one shares its keys with everybody and is public
by a setting that few remember; one signs its data away link by link. The treasurers'
trial with a key of their own worked until a nightly job hardened what Azure manages
for it; of their first try only the workspace is left. A DNS policy
blocks what an earlier rule has already allowed, and its other block rule is switched
off; another only watches, and has links of networks that moved or went; two networks
and a whole region have none. Nobody is told
when keys are listed, because that alert is off. A perimeter that was tried out lets
everybody in and stops nobody but the callers of the hackathon's account, whose own
settings are open.

A partner's tenant reaches in: it watches the platform subscription at night, its
network manager manages the sandbox, one network there has addresses from its pool, and
its application draws from ours and can read more than that.

Network managers take networks in by name and by tag. One for all landing zones guards
production, but for the door that a migration left open and a group that is filled only
on paper; the sandbox has two managers that do the same, and its networks are in no
group.

Its directory names whom roles are given to, and who is in their groups. Not all of them
are still there: a tester has left, and the group of a hackathon is gone.

The bodies in `data` have the oddities of the live API: keys that are absent when false,
nulls, ids in lower case or without their leading slash, enumerations in other casings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

TENANT_ID = "286c3037-a910-4cb7-b690-8cb1078e8450"


def bodies() -> Iterator[Mapping[str, Any]]:
    """Yield every ARM body of the tenant, file by file in the order of their names."""
    data = files(__name__) / "data"
    for file in sorted(data.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            yield from json.loads(file.read_text(encoding="utf-8"))


def parents() -> Mapping[str, str]:
    """Return the management group that each group and subscription is in."""
    text = (files(__name__) / "hierarchy.json").read_text(encoding="utf-8")
    hierarchy: dict[str, str] = json.loads(text)
    return hierarchy
