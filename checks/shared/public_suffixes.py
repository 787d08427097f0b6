"""Public suffixes: domains below which a registry gives out names to anyone."""

from __future__ import annotations

_ANYWHERE = frozenset({"ac", "co", "com", "edu", "gob", "gov", "mil", "net", "org"})
"""Second labels with which the registries of countries give out names, as `co.uk`."""

_OF_COUNTRIES = {
    "ae": "sch",
    "ar": "int musica tur",
    "at": "gv or",
    "au": "asn id",
    "br": "adm adv app art blog dev eco emp eng ind inf jor jus leg med mp psi tv",
    "cr": "ed fi go or sa",
    "es": "nom",
    "fr": "asso gouv nom prd tm",
    "hk": "idv",
    "id": "biz desa go my or ponpes sch web",
    "il": "idf k12 muni",
    "in": "ernet firm gen ind nic res",
    "ir": "id sch",
    "jp": "ad ed go gr lg ne or",
    "ke": "go info me mobi ne or sc",
    "kr": "es go hs kg ms ne or pe re sc",
    "lk": "assn grp hotel int ltd ngo sch soc web",
    "my": "name",
    "ng": "i mobi name sch",
    "nz": "cri geek gen govt health iwi kiwi maori parliament school",
    "pa": "abo ing med nom sld",
    "pe": "nom",
    "ph": "i ngo",
    "pk": "biz fam gok gon gop gos web",
    "pl": "biz info waw",
    "pt": "int nome publ",
    "ro": "arts firm info nom nt rec store tm",
    "sa": "med pub sch",
    "sg": "per",
    "th": "go in mi or",
    "tr": "av bbs bel biz dr gen info k12 kep name pol tel tsk tv web",
    "tw": "club ebiz game idv",
    "tz": "go hotel info me mobi ne or sc tv",
    "ua": "in kiev kyiv lviv",
    "ug": "go ne or sc",
    "uk": "ltd me nhs plc police sch",
    "vn": "biz health info int name pro",
    "za": "agric alt law nic ngo nis nom school tm web",
}
"""More of them, by country: the usual ones, for there are thousands."""


def is_public_suffix(domain: str) -> bool:
    """Whether names directly below a domain have owners of their own.

    It is told of every top-level domain, and of the usual ones below countries' (Public
    Suffix List, section of the registries).
    """
    label, _, top = domain.rpartition(".")
    if not label:
        return True
    known = label in _ANYWHERE or label in _OF_COUNTRIES.get(top, "").split()
    return known and len(top) == 2
