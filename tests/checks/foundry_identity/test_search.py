from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from checks.foundry_identity.search import (
    openai_mi_search,
    search_mi_openai,
    search_mi_storage,
    user_finetune_role,
    user_search_roles,
)
from scanner.access.builtin import BuiltIn
from scanner.model.authorization import RoleAssignment
from scanner.model.check import Check, Status
from scanner.model.cognitive import CognitiveAccount
from scanner.model.directory import member_id, object_id
from scanner.model.machinelearning import Workspace, WorkspaceConnection
from scanner.model.settings import Settings
from scanner.model.storage import StorageAccount

if TYPE_CHECKING:
    from tests.checks.conftest import Verdicts


Body = dict[str, Any]

TENANT = "aaaaaaaa-0000-0000-0000-000000000001"
SUBSCRIPTION = "/subscriptions/bbbbbbbb-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
PROVIDERS = f"{GROUP}/providers"
WORKSPACES = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces"
HUB, PROJECT, OTHER = f"{WORKSPACES}/hub", f"{WORKSPACES}/pro", f"{WORKSPACES}/other"
SEARCH = f"{PROVIDERS}/Microsoft.Search/searchServices/search"
ACCOUNT = f"{PROVIDERS}/Microsoft.CognitiveServices/accounts/model"
STORAGE = f"{PROVIDERS}/Microsoft.Storage/storageAccounts/documents"
SEARCH_ID = "11111111-0000-0000-0000-000000000001"
ACCOUNT_ID = "22222222-0000-0000-0000-000000000002"
PERSON = "33333333-0000-0000-0000-000000000003"
ABSENT = ...

PASS, WARN = Status.PASS, Status.WARN
UNREAD, NONE = Status.NOT_ASSESSED, Status.NOT_APPLICABLE
INFO, MANUAL = Status.INFO, Status.MANUAL


def body(id: str, properties: Mapping[str, object], **top: object) -> Body:
    return {"id": id, "properties": {**properties}, **top}


def definition(role: BuiltIn, *actions: str, data: tuple[str, ...] = ()) -> Body:
    permissions = [{"actions": list(actions), "dataActions": list(data)}]
    properties = {"roleName": role.name.title(), "permissions": permissions}
    scope = f"{SUBSCRIPTION}/providers/Microsoft.Authorization"
    return body(f"{scope}/roleDefinitions/{role}", properties)


DOCUMENTS = "Microsoft.Search/searchServices/indexes/documents"
OPENAI = "Microsoft.CognitiveServices/accounts/OpenAI"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
ROLES = (
    definition(BuiltIn.CONTRIBUTOR, "*"),
    definition(BuiltIn.READER, "*/read"),
    definition(BuiltIn.AI_DEVELOPER, data=(f"{OPENAI}/*",)),
    definition(BuiltIn.SEARCH_CONTRIBUTOR, "Microsoft.Search/searchServices/*"),
    definition(BuiltIn.SEARCH_INDEX_DATA_CONTRIBUTOR, data=(f"{DOCUMENTS}/*",)),
    definition(BuiltIn.SEARCH_INDEX_DATA_READER, data=(f"{DOCUMENTS}/read",)),
    definition(BuiltIn.OPENAI_USER, data=(f"{OPENAI}/deployments/*",)),
    definition(BuiltIn.OPENAI_CONTRIBUTOR, data=(f"{OPENAI}/*",)),
    definition(BuiltIn.STORAGE_BLOB_DATA_READER, data=(f"{BLOBS}/read",)),
    definition(BuiltIn.STORAGE_BLOB_DATA_OWNER, data=(f"{BLOBS}/*",)),
)


def grant(role: BuiltIn, scope: str, principal: str, **more: object) -> Body:
    provider = "providers/Microsoft.Authorization"
    properties = {
        "scope": scope,
        "roleDefinitionId": f"/{provider}/roleDefinitions/{role}",
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "condition": None,
    }
    at = f"{scope}/{provider}/roleAssignments/{role}-{principal[:8]}"
    return body(at, {**properties, **more})


def workspace(id: str = HUB, kind: object = "Hub", **properties: object) -> Body:
    return body(id, properties, kind=kind)


def project(of: str = HUB) -> Body:
    return workspace(PROJECT, "Project", hubResourceId=of)


def connection(leads_to: str, type: object = "AAD", of: str = HUB, **more: Any) -> Body:
    name = f"{leads_to.rpartition('/')[2]}-{type}"
    named = {"metadata": {"ResourceId": leads_to}, "isSharedToAll": True}
    return body(f"{of}/connections/{name}", {"authType": type, **named, **more})


def identity(principal: object, type: object = "SystemAssigned") -> Body:
    return {"type": type, "principalId": principal}


def search(who: object = SEARCH_ID, **properties: object) -> Body:
    own = ABSENT if who is ABSENT else identity(who)
    return body(SEARCH, properties, identity=own)


def account(who: object = ACCOUNT_ID, **top: object) -> Body:
    own = ABSENT if who is ABSENT else identity(who)
    found = {"endpoint": "https://model.openai.azure.com/"}
    return body(ACCOUNT, found, **{"kind": "OpenAI", "identity": own, **top})


def storage(**properties: object) -> Body:
    return body(STORAGE, properties)


BESIDE = (workspace(), search(), account(), storage())
LINKS = (connection(SEARCH), connection(ACCOUNT), connection(STORAGE))
REFUSED = [(RoleAssignment, SUBSCRIPTION)]


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        (BuiltIn.OPENAI_USER, ACCOUNT, PASS),
        (BuiltIn.OPENAI_CONTRIBUTOR, GROUP, PASS),
        (BuiltIn.AI_DEVELOPER, SUBSCRIPTION, PASS),
        (BuiltIn.CONTRIBUTOR, ACCOUNT, WARN),
        (BuiltIn.OPENAI_USER, SEARCH, WARN),
    ],
)
def test_search_calls_models(
    verdicts: Verdicts, role: BuiltIn, scope: str, status: Status
) -> None:
    given = grant(role, scope, SEARCH_ID)
    bodies = *ROLES, *BESIDE, *LINKS, given
    results = verdicts(search_mi_openai, *bodies)
    assert results.only(SEARCH).status is status
    if status is PASS:
        assert (given["id"], "properties.principalId") in results.evidence(SEARCH)
    else:
        assert "accounts model" in results.only(SEARCH).reason


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (BuiltIn.STORAGE_BLOB_DATA_READER, PASS),
        (BuiltIn.STORAGE_BLOB_DATA_OWNER, PASS),
        (BuiltIn.CONTRIBUTOR, WARN),
    ],
)
def test_search_reads_documents(
    verdicts: Verdicts, role: BuiltIn, status: Status
) -> None:
    bodies = *ROLES, *BESIDE, *LINKS, grant(role, STORAGE, SEARCH_ID)
    assert verdicts(search_mi_storage, *bodies).only(SEARCH).status is status


MANAGE, RECORDS = BuiltIn.SEARCH_CONTRIBUTOR, BuiltIn.SEARCH_INDEX_DATA_CONTRIBUTOR
READ = BuiltIn.SEARCH_INDEX_DATA_READER


@pytest.mark.parametrize(
    ("roles", "model", "person"),
    [
        ((MANAGE, RECORDS), PASS, PASS),
        ((MANAGE, READ), PASS, WARN),
        ((BuiltIn.CONTRIBUTOR, RECORDS), PASS, PASS),
        ((READ,), WARN, PASS),
        ((MANAGE,), WARN, WARN),
        ((RECORDS,), WARN, WARN),
        ((BuiltIn.CONTRIBUTOR,), WARN, WARN),
        ((), WARN, WARN),
    ],
)
def test_roles_on_search(
    verdicts: Verdicts, roles: tuple[BuiltIn, ...], model: Status, person: Status
) -> None:
    bodies = *ROLES, *BESIDE, *LINKS
    own = [grant(each, SEARCH, ACCOUNT_ID) for each in roles]
    works = grant(BuiltIn.AI_DEVELOPER, HUB, PERSON, principalType="User")
    held = [grant(each, SEARCH, PERSON, principalType="User") for each in roles]
    as_model = verdicts(openai_mi_search, *bodies, *own).only(ACCOUNT)
    as_person = verdicts(user_search_roles, *bodies, works, *held).only(works["id"])
    assert as_model.status is model
    assert as_person.status is person


def test_a_reason_names_both_roles(verdicts: Verdicts) -> None:
    works = grant(BuiltIn.AI_DEVELOPER, HUB, PERSON, principalType="Group")
    bodies = *ROLES, *BESIDE, *LINKS, works
    reason = verdicts(user_search_roles, *bodies).only(works["id"]).reason
    roles = "Search_Contributor and Search_Index_Data_Contributor"
    assert f"group {PERSON} lacks {roles} on searchServices search" in reason
    assert "lower bound" in reason


@pytest.mark.parametrize(
    ("members", "status"), [([], NONE), ([PERSON], PASS), ([PERSON, "bob"], WARN)]
)
def test_the_people_in_a_group(
    verdicts: Verdicts, members: list[str], status: Status
) -> None:
    works = grant(BuiltIn.AI_DEVELOPER, HUB, "team", principalType="Group")
    both = BuiltIn.SEARCH_CONTRIBUTOR, BuiltIn.SEARCH_INDEX_DATA_CONTRIBUTOR
    held = [grant(each, SEARCH, PERSON, principalType="User") for each in both]
    team = body(object_id(TENANT, "team"), {}, kind="group")
    inside = [
        body(member_id(TENANT, "team", each), {}, kind="user") for each in members
    ]
    bodies = *ROLES, *BESIDE, *LINKS, works, *held, team, *inside
    result = verdicts(user_search_roles, *bodies).only(works["id"])
    assert result.status is status
    assert ("user bob lacks" in result.reason) is (status is WARN)


@pytest.mark.parametrize(
    ("role", "scope", "type", "judged"),
    [
        (BuiltIn.AI_DEVELOPER, HUB, "User", True),
        (BuiltIn.ML_DATA_SCIENTIST, GROUP, "Group", True),
        (BuiltIn.FOUNDRY_USER, SUBSCRIPTION, "ForeignGroup", True),
        (BuiltIn.FOUNDRY_PROJECT_MANAGER, HUB.upper(), None, True),
        (BuiltIn.AI_DEVELOPER, HUB, "ServicePrincipal", False),
        (BuiltIn.AI_DEVELOPER, SEARCH, "User", False),
        (BuiltIn.AI_DEVELOPER, OTHER, "User", False),
        (BuiltIn.CONTRIBUTOR, HUB, "User", False),
        (BuiltIn.READER, HUB, "User", False),
    ],
)
def test_who_works_in_a_workspace(
    verdicts: Verdicts, role: BuiltIn, scope: str, type: object, judged: bool
) -> None:
    works = grant(role, scope, PERSON, principalType=type)
    plain = workspace(OTHER, "Default")
    results = verdicts(user_search_roles, *ROLES, *BESIDE, *LINKS, plain, works)
    assert any(each.target.resource_id == works["id"] for each in results) is judged


@pytest.mark.parametrize(
    ("links", "status"),
    [
        ([], NONE),
        ([connection(SEARCH, "ApiKey")], NONE),
        ([connection(SEARCH, "UserEntraToken")], WARN),
        ([connection(SEARCH, "AAD", isSharedToAll=False)], WARN),
        ([connection(SEARCH, ABSENT)], UNREAD),
        ([connection(SEARCH, ABSENT), connection(SEARCH)], WARN),
        ([connection(SEARCH.replace("bbbbbbbb", "cccccccc"))], UNREAD),
        ([connection(f"{SEARCH}2")], NONE),
    ],
)
def test_search_that_people_work_with(
    verdicts: Verdicts, links: list[Body], status: Status
) -> None:
    works = grant(BuiltIn.AI_DEVELOPER, HUB, PERSON, principalType="User")
    results = verdicts(user_search_roles, *ROLES, *BESIDE, *links, works)
    assert results.only(works["id"]).status is status


@pytest.mark.parametrize("role", [BuiltIn.AI_DEVELOPER, BuiltIn.READER])
@pytest.mark.parametrize("scope", [GROUP, SUBSCRIPTION, HUB, SEARCH])
def test_workspaces_that_were_not_read(
    verdicts: Verdicts, scope: str, role: BuiltIn
) -> None:
    works = grant(role, scope, PERSON, principalType="User")
    refused = [(Workspace, SUBSCRIPTION)]
    results = verdicts(user_search_roles, *ROLES, *BESIDE, works, unread=refused)
    [result] = results
    works_there = role is BuiltIn.AI_DEVELOPER and scope != SEARCH
    assert result.status is UNREAD
    assert (result.target.resource_id == works["id"]) is works_there


def test_a_project_uses_what_its_hub_shares(verdicts: Verdicts) -> None:
    works = grant(BuiltIn.AI_DEVELOPER, PROJECT, PERSON, principalType="User")
    bodies = *ROLES, *BESIDE, project(), works
    shared = verdicts(user_search_roles, *bodies, connection(SEARCH))
    unshared = connection(SEARCH, isSharedToAll=None)
    kept = verdicts(user_search_roles, *bodies, unshared)
    assert shared.only(works["id"]).status is WARN
    assert kept.only(works["id"]).status is NONE


PAIRS: list[tuple[Check[Any], str, str]] = [
    (search_mi_openai, SEARCH, ACCOUNT),
    (search_mi_storage, SEARCH, STORAGE),
    (openai_mi_search, ACCOUNT, SEARCH),
]


@pytest.mark.parametrize(("check", "of", "beside"), PAIRS)
class TestBeside:
    def test_without_an_identity(
        self, verdicts: Verdicts, check: Check[Any], of: str, beside: str
    ) -> None:
        services = workspace(), search(ABSENT), account(ABSENT), storage()
        result = verdicts(check, *ROLES, *services, *LINKS).only(of)
        assert result.status is WARN
        assert "which has no identity" in result.reason

    def test_a_principal_that_is_not_told(
        self, verdicts: Verdicts, check: Check[Any], of: str, beside: str
    ) -> None:
        services = workspace(), search(None), account(None), storage()
        assert verdicts(check, *services, *LINKS).only(of).status is UNREAD

    def test_with_keys(
        self, verdicts: Verdicts, check: Check[Any], of: str, beside: str
    ) -> None:
        for keyed, entra in [(of, beside), (beside, of)]:
            links = connection(keyed, "ApiKey"), connection(entra)
            assert verdicts(check, *BESIDE, *links).only(of).status is NONE

    def test_in_workspaces_apart(
        self, verdicts: Verdicts, check: Check[Any], of: str, beside: str
    ) -> None:
        links = connection(of), connection(beside, of=OTHER)
        apart = verdicts(check, *BESIDE, workspace(OTHER), *links)
        assert apart.only(of).status is NONE

    def test_in_a_project_and_its_hub(
        self, verdicts: Verdicts, check: Check[Any], of: str, beside: str
    ) -> None:
        for upper, lower in [(of, beside), (beside, of)]:
            links = connection(upper), connection(lower, of=PROJECT)
            results = verdicts(check, *BESIDE, project(), *links)
            assert results.only(of).status is WARN
            private = connection(upper, isSharedToAll=False), links[1]
            results = verdicts(check, *BESIDE, project(), *private)
            assert results.only(of).status is NONE

    def test_what_was_refused_is_not_judged(
        self, verdicts: Verdicts, check: Check[Any], of: str, beside: str
    ) -> None:
        roles = verdicts(check, *ROLES, *BESIDE, *LINKS, unread=REFUSED)
        links = verdicts(check, *BESIDE, unread=[(WorkspaceConnection, HUB)])
        assert roles.only(of).status is UNREAD
        assert links.only(of).status is UNREAD

    def test_what_is_outside_the_scan_is_not_judged(
        self, verdicts: Verdicts, check: Check[Any], of: str, beside: str
    ) -> None:
        far = connection(f"{beside.replace('bbbbbbbb', 'cccccccc')}2")
        assert verdicts(check, *BESIDE, connection(of), far).only(of).status is UNREAD
        both = verdicts(check, *ROLES, *BESIDE, *LINKS, far)
        assert both.only(of).status is WARN

    def test_a_connection_that_does_not_say_how(
        self, verdicts: Verdicts, check: Check[Any], of: str, beside: str
    ) -> None:
        unclear = connection(of, ABSENT), connection(beside)
        assert verdicts(check, *BESIDE, *unclear).only(of).status is UNREAD


@pytest.mark.parametrize("kind", ["ComputerVision", ABSENT])
def test_other_accounts_need_no_search(verdicts: Verdicts, kind: object) -> None:
    bodies = workspace(), search(), account(kind=kind), *LINKS[:2]
    [result] = verdicts(openai_mi_search, *bodies)
    assert result.target.resource_id.startswith("/tenants/")
    assert verdicts(search_mi_openai, *bodies).only(SEARCH).status is NONE


TUNERS = Settings(fine_tuning_principals=(PERSON, ACCOUNT_ID))


@pytest.mark.parametrize(
    ("grants", "reason"),
    [
        (
            [grant(BuiltIn.OPENAI_CONTRIBUTOR, ACCOUNT, PERSON)],
            f"not upload{{}}{ACCOUNT_ID}",
        ),
        ([], f"not upload{{}}{PERSON}, {ACCOUNT_ID}"),
        (
            [
                grant(BuiltIn.AI_DEVELOPER, GROUP, PERSON),
                grant(BuiltIn.OPENAI_CONTRIBUTOR, GROUP, ACCOUNT_ID),
            ],
            "by each of 2 principals",
        ),
    ],
)
def test_who_uploads_training_files(
    verdicts: Verdicts, grants: list[Body], reason: str
) -> None:
    bodies = *ROLES, *BESIDE, connection(ACCOUNT, "ApiKey"), *grants
    results = verdicts(user_finetune_role, *bodies, settings=TUNERS)
    result = results.only(ACCOUNT)
    assert result.status is INFO
    assert reason.format(" training files: ") in result.reason
    unknown = verdicts(user_finetune_role, *bodies).only(ACCOUNT)
    assert unknown.status is MANUAL
    assert "fine_tuning_principals" in unknown.remediation


def test_training_files_of_what_foundry_uses(verdicts: Verdicts) -> None:
    alone = verdicts(user_finetune_role, account())
    hosting = account()
    hosting["properties"]["allowProjectManagement"] = True
    refused = verdicts(
        user_finetune_role, *ROLES, hosting, settings=TUNERS, unread=REFUSED
    )
    hidden = verdicts(
        user_finetune_role,
        workspace(),
        account(),
        unread=[(WorkspaceConnection, HUB)],
    )
    assert [each.status for each in alone] == [NONE]
    assert verdicts(user_finetune_role, hosting).only(ACCOUNT).status is MANUAL
    assert refused.only(ACCOUNT).status is UNREAD
    assert hidden.only(ACCOUNT).status is UNREAD


@pytest.mark.parametrize("view", [Workspace, CognitiveAccount, StorageAccount])
def test_lists_that_were_refused(verdicts: Verdicts, view: Any) -> None:
    refused = [(view, SUBSCRIPTION)]
    found = verdicts(search_mi_openai, *BESIDE, *LINKS, unread=refused)
    result = found.only(SEARCH)
    assert result.status in {UNREAD, WARN}
    assert (result.status is WARN) is (view is StorageAccount)
