"""Conditions on role assignments: what is read, what is refused, and what each lets through."""

import pytest

from sandbox.azure.authorization.conditions import ConditionError, Context, NotModelledError, check, parse

A = "5e467623-bb1f-42f4-a55d-6e525e11384b"
B = "a795c7a0-d4a2-40c1-ae25-d81f01202912"
C = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ROLES = "Microsoft.Authorization/roleAssignments"
WRITE, DELETE = f"{ROLES}/write", f"{ROLES}/delete"
REQUEST_ROLE = f"@Request[{ROLES}:RoleDefinitionId]"
TYPE = f"@Request[{ROLES}:PrincipalType]"

# As https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-examples prints them.
CONSTRAIN_ROLES = f"""\
(
 (
  !(ActionMatches{{'{WRITE}'}})
 )
 OR\x20
 (
  @Request[{ROLES}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{A}, {B}}}
 )
)
AND
(
 (
  !(ActionMatches{{'{DELETE}'}})
 )
 OR\x20
 (
  @Resource[{ROLES}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{A}, {B}}}
 )
)
"""
ROLES_AND_TYPES = (
    f"((!(ActionMatches{{'{WRITE}'}})) OR (@Request[{ROLES}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{A}, {B}}}"
    f" AND @Request[{ROLES}:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {{'User', 'Group'}}))"
)
NO_ADMINISTRATORS = (
    f"((!(ActionMatches{{'{WRITE}'}})) OR ({REQUEST_ROLE} ForAnyOfAllValues:GuidNotEquals {{{C}, {B}}}))"
)


@pytest.mark.parametrize(
    ("context", "lets_through"),
    [
        (Context(WRITE, {"RoleDefinitionId": A}), True),
        (Context(WRITE.upper(), {"RoleDefinitionId": B.upper()}), True),
        (Context(WRITE, {"RoleDefinitionId": C}), False),
        (Context(WRITE, {"RoleDefinitionId": C}, {"RoleDefinitionId": A}), False),
        (Context(WRITE), False),
        (Context(DELETE, {}, {"RoleDefinitionId": A}), True),
        (Context(DELETE, {}, {"RoleDefinitionId": C}), False),
        (Context(DELETE, {"RoleDefinitionId": A}, {"RoleDefinitionId": C}), False),
        (Context("Microsoft.Authorization/roleAssignments/read"), True),
        (Context("Microsoft.Support/supportTickets/write"), True),
    ],
)
def test_the_documented_condition_that_limits_roles(context: Context, lets_through: bool) -> None:
    assert parse(CONSTRAIN_ROLES)(context) is lets_through


@pytest.mark.parametrize(
    ("request_", "lets_through"),
    [
        ({"RoleDefinitionId": A, "PrincipalType": "User"}, True),
        ({"RoleDefinitionId": A, "PrincipalType": "group"}, True),
        ({"RoleDefinitionId": A, "PrincipalType": "ServicePrincipal"}, False),
        ({"RoleDefinitionId": C, "PrincipalType": "User"}, False),
        ({"RoleDefinitionId": A}, False),
    ],
)
def test_the_documented_condition_that_limits_kinds_of_principals(request_: dict[str, str], lets_through: bool) -> None:
    assert parse(ROLES_AND_TYPES)(Context(WRITE, request_)) is lets_through


def test_the_portals_condition_of_all_roles_but_some() -> None:
    condition = parse(NO_ADMINISTRATORS)
    found = [condition(Context(WRITE, {"RoleDefinitionId": role})) for role in (A, B, C)]
    assert found == [True, False, False]


@pytest.mark.parametrize(
    ("text", "lets_through"),
    [
        (f"{TYPE} StringEqualsIgnoreCase 'user'", True),
        (f"{TYPE} StringNotEqualsIgnoreCase 'user'", False),
        (f"{REQUEST_ROLE} GuidEquals {A}", True),
        (f"NOT {REQUEST_ROLE} GuidEquals {A}", False),
        (f"{REQUEST_ROLE} GuidNotEquals {A} || {TYPE} StringEqualsIgnoreCase 'User'", True),
        (f"{REQUEST_ROLE} GuidEquals {A} && {TYPE} StringEqualsIgnoreCase 'Group'", False),
        (f"{REQUEST_ROLE} ForAllOfAnyValues:GuidEquals {{{C}, {A}}}", True),
        (f"{REQUEST_ROLE} ForAllOfAllValues:GuidEquals {{{C}, {A}}}", False),
        (f"ActionMatches{{'{ROLES}/*'}}", True),
        ("ActionMatches{'Microsoft.Authorization/roleDefinitions/*'}", False),
    ],
)
def test_each_operator(text: str, lets_through: bool) -> None:
    assert parse(text)(Context(WRITE, {"RoleDefinitionId": A, "PrincipalType": "User"})) is lets_through


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (" ", "the condition ends too early"),
        ("((ActionMatches{'a'})", "the condition ends too early"),
        ("ActionMatches{'a'})", "unexpected ')' after the end of the condition"),
        ("ActionMatches('a')", "found '(' where '{' is needed"),
        ("ActionMatches{a}", "'a' is not a text in single quotes"),
        ("ActionMatches{'a'} OR", "the condition ends too early"),
        ("ActionMatches{'a'} ; 1", "unexpected text '; 1'"),
        ("actionmatches{'a'}", "'actionmatches' is unknown: a comparison, ActionMatches, '!' or '('"),
        (
            "ActionMatches{'a'} AND ActionMatches{'b'} OR ActionMatches{'c'}",
            "AND and OR together need parentheses",
        ),
        (f"{REQUEST_ROLE} GuidEquals 'x'", "''x'' is not a GUID"),
        (f"{REQUEST_ROLE} ForAnyOfAnyValues:GuidEquals {{}}", "'}' is not a GUID"),
        (f"{REQUEST_ROLE} ForAnyOfAnyValues:GuidEquals {{{A} {B}}}", f"found '{B}' where '}}' is needed"),
        (f"{REQUEST_ROLE} Equals {A}", "'Equals' is unknown: RoleDefinitionId has GuidEquals, GuidNotEquals"),
        (
            f"{REQUEST_ROLE} ForOneOfAnyValues:GuidEquals {{{A}}}",
            "'ForOneOfAnyValues:GuidEquals' is unknown: RoleDefinitionId has GuidEquals, GuidNotEquals",
        ),
        (
            f"@Requested[{ROLES}:RoleDefinitionId] GuidEquals {A}",
            f"'@Requested[{ROLES}:RoleDefinitionId]' is not an attribute",
        ),
    ],
)
def test_what_is_no_condition(text: str, problem: str) -> None:
    with pytest.raises(ConditionError) as raised:
        parse(text)
    assert str(raised.value) == problem


_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            f"@Resource[{_BLOBS}/blobs/tags:Project<$key_case_sensitive$>] StringEquals 'a'",
            f"conditions on '@Resource[{_BLOBS}/blobs/tags:Project<$key_case_sensitive$>]'",
        ),
        (f"@Request[{_BLOBS}/blobs:path] StringEquals 'a'", f"conditions on '@Request[{_BLOBS}/blobs:path]'"),
        ("@Environment[UtcNow] DateTimeLessThan '2030-01-01T00:00:00.0Z'", "conditions on '@Environment[UtcNow]'"),
        (
            "Exists @Resource[a]",
            "'Exists' in a condition (a comparison, ActionMatches, '!' or '(')",
        ),
        (
            f"{TYPE} StringLike 'U*'",
            "'StringLike' in a condition (PrincipalType has StringEqualsIgnoreCase, StringNotEqualsIgnoreCase)",
        ),
    ],
)
def test_what_azure_knows_and_the_sandbox_does_not(text: str, what: str) -> None:
    with pytest.raises(NotModelledError) as raised:
        parse(text)
    assert str(raised.value) == what


# As https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-examples prints it.
READ_IN_A_FOLDER = f"""\
(
 (
  !(ActionMatches{{'{_BLOBS}/blobs/read'}} AND NOT SubOperationMatches{{'Blob.List'}})
 )
 OR\x20
 (
  @Resource[{_BLOBS}:name] StringEquals 'blobs-example-container'
  AND
  @Resource[{_BLOBS}/blobs:path] StringLike 'readonly/*'
 )
)
"""
READ, IN_IT = f"{_BLOBS}/blobs/read", {"containers:name": "blobs-example-container"}


@pytest.mark.parametrize(
    ("context", "lets_through"),
    [
        (Context(READ, {}, IN_IT | {"blobs:path": "readonly/a/b.csv"}), True),
        (Context(READ, {}, IN_IT | {"blobs:path": "Readonly/a.csv"}), False),
        (Context(READ, {}, IN_IT | {"blobs:path": "other/readonly/a.csv"}), False),
        (Context(READ, {}, {"containers:name": "b", "blobs:path": "readonly/a.csv"}), False),
        (Context(READ, {"blobs:prefix": "other/"}, IN_IT, "Blob.List"), True),
        (Context(f"{_BLOBS}/blobs/write", {}, IN_IT | {"blobs:path": "other/a.csv"}), True),
    ],
)
def test_the_documented_condition_that_limits_a_reader_to_a_folder(context: Context, lets_through: bool) -> None:
    assert parse(READ_IN_A_FOLDER)(context) is lets_through


@pytest.mark.parametrize(
    ("comparison", "lets_through"),
    [
        ("StringEquals 'a/B.csv'", True),
        ("StringEquals 'a/b.csv'", False),
        ("StringEqualsIgnoreCase 'a/b.csv'", True),
        ("StringNotEquals 'a/b.csv'", True),
        ("StringStartsWith 'a/'", True),
        ("StringNotStartsWithIgnoreCase 'A/'", False),
        ("StringLike 'a/?.csv'", True),
        ("StringLike 'a.B.csv'", False),
        (r"StringLike 'a/\*'", False),
        ("StringNotLike 'a/*'", False),
        ("ForAllOfAllValues:StringNotLike {'x/*', 'A/*'}", True),
    ],
)
def test_each_comparison_of_texts(comparison: str, lets_through: bool) -> None:
    condition = parse(f"@Resource[{_BLOBS}/blobs:path] {comparison}")
    assert condition(Context(READ, {}, {"blobs:path": "a/B.csv"})) is lets_through
    assert condition(Context(READ)) is False


@pytest.mark.parametrize(
    ("text", "version", "problem"),
    [
        (ROLES_AND_TYPES, "1.0", "'conditionVersion' is '1.0'; allowed: 2.0"),
        (ROLES_AND_TYPES, "", "'conditionVersion' is ''; allowed: 2.0"),
        ("", "2.0", "'conditionVersion' is given without a 'condition'"),
    ],
)
def test_a_condition_has_version_2(text: str, version: str, problem: str) -> None:
    with pytest.raises(ConditionError) as raised:
        check(text, version)
    assert str(raised.value) == problem
    check(ROLES_AND_TYPES, "2.0")
