"""Microsoft.DocumentDB: Cosmos DB accounts and the grants on their data."""

from __future__ import annotations

from scanner.collect.read import Body, Read, SdkOperation, kind_of, properties_of
from scanner.model.documentdb import CosmosAccount, SqlRoleAssignment

_CLIENT = "azure.mgmt.cosmosdb:CosmosDBManagementClient"
_ACCOUNTS = "Microsoft.DocumentDB/databaseAccounts"


_OTHER_APIS = ("enablecassandra", "enablegremlin", "enabletable")


def _speaks_sql(account: Body) -> bool:
    """Whether it has the API for NoSQL: no capability stands for another one."""
    capabilities = str(properties_of(account).get("capabilities")).lower()
    other = any(name in capabilities for name in _OTHER_APIS)
    return kind_of(account) == "globaldocumentdb" and not other


READS = (
    Read(
        of=CosmosAccount,
        operation=SdkOperation(client=_CLIENT, method="database_accounts.list"),
        action=f"{_ACCOUNTS}/read",
        indexed=True,
    ),
    Read(
        of=SqlRoleAssignment,
        at=CosmosAccount,
        operation=SdkOperation(
            client=_CLIENT, method="sql_resources.list_sql_role_assignments"
        ),
        action=f"{_ACCOUNTS}/sqlRoleAssignments/read",
        where=_speaks_sql,
    ),
)
