"""Applications that the tenant is home to: who signs in to them, and they with what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from checks.authorization.assigned_principals import require_asked
from checks.shared.grants import access
from checks.shared.wording import count, printable, shown, some
from scanner.model.check import (
    Check,
    Post,
    Severity,
    Topic,
    Verdict,
    check,
    failed,
    passed,
    warned,
)
from scanner.model.coverage import NotRead
from scanner.model.directory import Application, Credential
from scanner.model.ids import id_key
from scanner.model.tenant import Tenant

_CONTROLS = (
    "MCSB:IM-1",
    "MCSB:IM-3",
    "NIST-800-53:AC-2",
    "NIST-800-53:IA-8",
    "ISO-27001-2022:A.5.23",
)

_ONE_TENANT = "azureadmyorg"
_EVERY_TENANT = "azureadmultipleorgs"
_ANYBODY = {"azureadandpersonalmicrosoftaccount", "personalmicrosoftaccount"}
_NO_PERSONAL_ACCOUNTS = (
    "Set the audience to the tenant itself; if other tenants are meant to use the "
    "application, set it to AzureADMultipleOrgs and list it in `approved_applications`."
)


def _registered(tenant: Tenant) -> frozenset[str]:
    """Return the keys of the applications that the directory has.

    Raises NotRead where it did not answer, or was not asked and there are roles that
    some may hold.
    """
    if access(tenant).facts.assignments:
        require_asked(tenant, "which applications there are is not known")
    listing = tenant.within(Application, f"/tenants/{tenant.id}")
    keys = frozenset(map(id_key, listing.ids()))
    missing = listing.missing
    if not keys and missing and missing.gap:
        raise missing
    return keys


def _audience(application: Application) -> str:
    return (application.audience or _ONE_TENANT).lower()


def _is_open(application: Application) -> bool:
    """Whether an application is known to be for more than the tenant itself."""
    try:
        return _audience(application) != _ONE_TENANT
    except NotRead:
        return False


def _name(application: Application) -> str:
    return printable(application.display_name or application.name)


@check(
    id="xt-app-audience",
    title="Applications are open to other tenants only where that is approved",
    topic=Topic.CROSS_TENANT,
    severity=Severity.MEDIUM,
    on=Application,
    among=_registered,
    guidance=Post.CROSS_TENANT,
    controls=_CONTROLS,
)
def app_audience(application: Application, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.signInAudience` of the applications registered in the tenant.

    Null means AzureADMyOrg, this tenant alone (Graph, application resource type); one
    that came without the property is not assessed. Unless the directory is asked the
    whole check is not assessed, said once and no gap.

    ## Why it matters
    The audience is what makes an application one for several tenants: with it, any
    tenant can make a stub of it and give that roles. Some code has to be written for
    that, to check whose token it gets; most that was never meant to leave home has
    none, and lets in whoever asks.

    ## How to fix
    Set the audience to the tenant itself, or list the application in
    `approved_applications` if other tenants are meant to use it.

    ```sh
    az ad app update --id "$APP_ID" --sign-in-audience AzureADMyOrg
    ```

    ```terraform
    resource "azuread_application" "this" {
      display_name     = "pipeline"
      sign_in_audience = "AzureADMyOrg"
    }
    ```

    Stubs in other tenants stop working: ask there first who needs one. An application
    for personal accounts and other tenants has to be for AzureADMultipleOrgs before
    listing it helps.

    ## Settings
    `approved_applications` has the client ids of applications that other tenants may
    use. None is approved for personal accounts.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Single and multitenant apps in Microsoft Entra ID
    """
    audience = _audience(application)
    if audience == _ONE_TENANT:
        return passed(f"{_name(application)} is for this tenant alone")
    said = f"{_name(application)} is for {shown(application.audience)}"
    if audience in _ANYBODY:
        return failed(f"{said}: personal accounts may sign in", _NO_PERSONAL_ACCOUNTS)
    if audience != _EVERY_TENANT:
        raise application.unread(Application.audience.path, "is of no known kind")
    approved = set(map(str.lower, tenant.settings.approved_applications))
    own = {(application.app_id or "").lower(), application.name.lower()}
    if not approved.isdisjoint(own):
        return passed(f"{said}, which is approved")
    return failed(f"{said}, and not listed in approved_applications")


@check(
    id="xt-app-credential",
    title="Applications sign in without client secrets, or with short-lived ones",
    topic=Topic.CROSS_TENANT,
    severity=Severity.MEDIUM,
    on=Application,
    among=_registered,
    guidance=Post.CROSS_TENANT,
    controls=(*_CONTROLS, "NIST-800-53:IA-5"),
)
def app_credential(application: Application, tenant: Tenant) -> Verdict:
    r"""
    Reads `properties.passwordCredentials` of the applications registered in the tenant.

    Of each secret `startDateTime` and `endDateTime` count; one without an end lasts for
    ever, and one without a start counts from the scan. An empty or null list has none;
    an application that came without the list is not assessed. Expired secrets warn
    like others. No secret is ever read, nor its hint. Unless the directory is asked the
    whole check is not assessed, said once and no gap.

    ## Why it matters
    A client secret works from anywhere for whoever has it, and it has been in a
    pipeline, a chat and a shell's history. If the application is for several tenants,
    it opens all of them at once, until somebody changes it.

    ## How to fix
    Let pipelines sign in by federation, which needs no secret, or with a certificate;
    then delete the secrets.

    ```sh
    az ad app federated-credential create --id "$APP_ID" --parameters credential.json
    az ad app credential delete --id "$APP_ID" --key-id "$KEY_ID"
    ```

    ```terraform
    resource "azuread_application_federated_identity_credential" "pipeline" {
      application_id = azuread_application.this.id
      display_name   = "pipeline"
      audiences      = ["api://AzureADTokenExchange"]
      issuer         = "https://token.actions.githubusercontent.com"
      subject        = "repo:org/repo:ref:refs/heads/main"
    }
    ```

    Whatever still signs in with the secret fails once it is deleted.

    ## Settings
    `application_secret_days` (180): days that a secret may last.

    ## References
    - Deploying Resources Across Multiple Azure tenants
    - Microsoft Learn: Workload identity federation
    """
    name, secrets = _name(application), application.secrets
    if not secrets:
        other = "a certificate and " if application.certificates else ""
        return passed(f"{name} has {other}no client secret")
    reach = ", and is open to other tenants" if _is_open(application) else ""
    long = [*_too_long(secrets, tenant)]
    if long:
        days = count(tenant.settings.application_secret_days, "day", "days")
        many = count(len(long), "client secret", "client secrets")
        return failed(f"{name} has {many} for more than {days}{reach}: {some(long)}")
    many = count(len(secrets), "client secret", "client secrets")
    return warned(f"{name} has {many}{reach}")


def _too_long(secrets: tuple[Credential, ...], tenant: Tenant) -> Iterator[str]:
    """Yield the secrets in force that last longer than the setting allows."""
    limit = timedelta(days=tenant.settings.application_secret_days)
    for secret in secrets:
        start, end = secret.start or tenant.read_at, secret.end
        name = shown(secret.name or "one without a name")
        if end is None:
            yield f"{name} without an end"
        elif end > tenant.read_at and end - start > limit:
            yield f"{name} until {end:%Y-%m-%d}"


CHECKS: tuple[Check[Any], ...] = (app_audience, app_credential)
