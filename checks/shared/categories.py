"""Categories of connections: which say that a service takes no Entra token."""

from __future__ import annotations

OF_ANY_SERVICE = {
    "apikey",
    "customkeys",
    "openai",
    "genericcontainerregistry",
    "generichttp",
    "genericrest",
    "modelgateway",
    "odatarest",
    "odbc",
    "remotea2a",
    "remotetool",
    "webtable",
}
"""Those that do not tell which service is behind the connection."""

_TOOLS = {
    "bingllmsearch",
    "groundingwithbingsearch",
    "groundingwithcustomsearch",
    "serp",
    "appinsights",
}
"""Bing and Serp take keys alone; Application Insights a connection string, never a
token (Microsoft Learn, "Trace agents with the Foundry SDK")."""

_DATABASES = {
    "amazonrdsfororacle",
    "amazonrdsforsqlserver",
    "amazonredshift",
    "azuremariadb",
    "cassandra",
    "couchbase",
    "db2",
    "drill",
    "elasticsearch",
    "googlebigquery",
    "greenplum",
    "hbase",
    "hive",
    "impala",
    "informix",
    "mariadb",
    "microsoftaccess",
    "mongodbatlas",
    "mongodbv2",
    "mysql",
    "netezza",
    "oracle",
    "phoenix",
    "pinecone",
    "postgresql",
    "presto",
    "saphana",
    "snowflake",
    "spark",
    "sqlserver",
    "sybase",
    "teradata",
    "vertica",
}
"""Databases of others, and those that somebody runs themselves.

Azure's own have categories of their own; of these, Azure Database for MariaDB alone
never took tokens.
"""

_FILES = {
    "amazons3compatible",
    "fileserver",
    "ftpserver",
    "git",
    "googlecloudstorage",
    "hdfs",
    "oraclecloudstorage",
    "pythonfeed",
    "s3",
    "sftp",
}
_APPLICATIONS = {
    "amazonmws",
    "concur",
    "eloqua",
    "googleadwords",
    "hubspot",
    "jira",
    "magento",
    "marketo",
    "oracleservicecloud",
    "paypal",
    "quickbooks",
    "responsys",
    "salesforce",
    "salesforcemarketingcloud",
    "salesforceservicecloud",
    "sapbw",
    "sapcloudforcustomer",
    "sapecc",
    "sapopenhub",
    "saptable",
    "servicenow",
    "shopify",
    "square",
    "xero",
    "zoho",
}

WITHOUT_ENTRA = OF_ANY_SERVICE | _TOOLS | _DATABASES | _FILES | _APPLICATIONS
"""Categories whose services take no Entra token, or may take none.

They are the published ones (`ConnectionCategory` of the Cognitive Services SDK) without
those of Azure and Microsoft 365, and some that Foundry has beside them.
"""
