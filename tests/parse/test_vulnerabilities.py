"""Audits: what has data is judged by its own severity, what has none is not clean."""

from __future__ import annotations

import json

import pytest

from gatekeeper.model.finding import Category, Level, Severity
from gatekeeper.model.status import Meaning
from gatekeeper.parse.cvss import base_score, severity_from
from tests.parse.outputs import raw_of, read
from tests.parse.recordings import OUTPUTS, load

PIP = {"dependencies": [{"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"], "aliases": ["CVE-2019-10906"],
                                                                      "description": "Sandbox escape.\nMore."}]},
                        {"name": "idna", "version": "3.7", "vulns": []}, {"name": "own", "skip_reason": "not on the index"}], "fixes": []}
NPM = {"auditReportVersion": 2, "vulnerabilities": {
    "minimist": {"name": "minimist", "severity": "critical", "isDirect": False, "range": "<0.2.4", "nodes": ["node_modules/minimist"], "fixAvailable": True,
                 "via": [{"source": 1097678, "name": "minimist", "title": "Prototype Pollution", "url": "https://github.com/advisories/GHSA-xvch-5gv4-984h", "severity": "critical",
                          "range": "<0.2.4"}]},
    "mkdirp": {"name": "mkdirp", "severity": "critical", "isDirect": True, "via": ["minimist"], "range": "0.4.1 - 0.5.1", "fixAvailable": True}},
    "metadata": {"vulnerabilities": {"critical": 2, "total": 2}, "dependencies": {"total": 3}}}
CARGO = {"database": {}, "lockfile": {"dependency-count": 2}, "vulnerabilities": {"found": True, "count": 1, "list": [
    {"advisory": {"id": "RUSTSEC-2020-0071", "package": "time", "title": "Potential segfault", "cvss": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H", "url": "https://x"},
     "versions": {"patched": [">=0.2.23"]}, "package": {"name": "time", "version": "0.1.42"}}]},
    "warnings": {"unmaintained": [{"kind": "unmaintained", "package": {"name": "ansi_term", "version": "0.12.1"}, "advisory": {"id": "RUSTSEC-2021-0139", "title": "is Unmaintained"}}]}}


def test_a_vulnerable_python_package_is_found_and_a_skipped_one_is_named() -> None:
    parsed = read("pip-audit-json", raw_of(json.dumps(PIP), code=1))
    assert [(one.rule, one.severity, one.fixable, one.message) for one in parsed.findings] == [("PYSEC-2019-217", Severity.HIGH, True, "jinja2 2.0: Sandbox escape.")]
    assert [problem.message for problem in parsed.problems] == ["own was not audited: not on the index"]


def test_the_bare_list_of_older_pip_audit_is_read() -> None:
    assert len(read("pip-audit-json", raw_of(json.dumps(PIP["dependencies"]), code=1)).findings) == 1


@pytest.mark.parametrize("entries", [[], [{"name": "a", "skip_reason": "b"}]])
def test_an_audit_of_nothing_measured_nothing(entries: list[object]) -> None:
    assert read("pip-audit-json", raw_of(json.dumps({"dependencies": entries}))).meaning is Meaning.NOTHING_CHECKED


def test_npm_advisories_are_found_once_and_not_again_for_dependents() -> None:
    parsed = read("npm-audit-json", raw_of(json.dumps(NPM), code=1, sources={"package-lock.json": "{}"}))
    assert [(one.rule, one.severity, one.level, one.file, one.message) for one in parsed.findings] == [
        ("GHSA-xvch-5gv4-984h", Severity.CRITICAL, Level.ERROR, "package-lock.json", "minimist <0.2.4: Prototype Pollution")]


@pytest.mark.parametrize(("report", "meaning"), [
    ({"message": "405 Method Not Allowed - POST https://registry.invalid/-/npm/v1/security/advisories/bulk", "error": {"summary": "", "detail": ""}}, Meaning.NOTHING_CHECKED),
    ({"error": {"code": "ENOTFOUND", "summary": "getaddrinfo"}}, Meaning.NOTHING_CHECKED),
    ({"error": {"code": "ENOLOCK", "summary": "This command requires an existing lockfile."}}, Meaning.TOOL_ERROR),
    ({"error": {"code": "EJSONPARSE", "summary": "broken package.json"}}, Meaning.TOOL_ERROR),
    ({}, Meaning.TOOL_ERROR), ({"auditReportVersion": 1}, Meaning.TOOL_ERROR),
    ({"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {"dependencies": {"total": 0}}}, Meaning.NOTHING_CHECKED)])
def test_failures_of_npm_audit_are_told_apart(report: dict[str, object], meaning: Meaning) -> None:
    assert read("npm-audit-json", raw_of(json.dumps(report), code=1)).meaning is meaning


def test_cargo_advisories_are_graded_by_their_vector_and_warnings_are_dependencies() -> None:
    parsed = read("cargo-audit-json", raw_of(json.dumps(CARGO), code=1))
    assert [(one.rule, one.severity, one.category.value) for one in parsed.findings] == [
        ("RUSTSEC-2020-0071", Severity.MEDIUM, "vulnerability"), ("RUSTSEC-2021-0139", Severity.MEDIUM, "dependency")]


def test_a_lockfile_without_dependencies_leaves_nothing_to_audit() -> None:
    report = {"lockfile": {"dependency-count": 0}, "vulnerabilities": {"list": []}, "warnings": {}}
    assert read("cargo-audit-json", raw_of(json.dumps(report))).meaning is Meaning.NOTHING_CHECKED


@pytest.mark.parametrize(("vector", "score"), [
    # examples of FIRST's CVSS v3.1 examples document
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1), ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4), ("CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8), ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H", 5.5), ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0), ("CVSS:2.0/AV:N", None), ("nonsense", None), ("CVSS:3.1/AV:N", None)])
def test_cvss_scores_follow_the_specification(vector: str, score: float | None) -> None:
    assert base_score(vector) == score


def test_a_score_of_nine_is_critical() -> None:
    assert severity_from("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H") is Severity.CRITICAL


def test_npm_that_prints_nothing_because_all_is_current_is_clean() -> None:
    assert read("npm-outdated-json", raw_of("", code=0)).meaning is Meaning.CLEAN


def test_a_package_behind_in_two_workspaces_is_named() -> None:
    entry = {"current": "1.0.0", "wanted": "1.0.0", "latest": "2.0.0", "dependent": "a"}
    parsed = read("npm-outdated-json", raw_of(json.dumps({"left-pad": [entry, {**entry, "current": "1.1.0"}]}), code=1))
    assert [one.message for one in parsed.findings] == [f"left-pad {version} is behind: 2.0.0 is the latest, 1.0.0 the newest allowed" for version in ("1.0.0", "1.1.0")]


def test_outdated_python_packages_are_found() -> None:
    parsed = read("pip-outdated-json", raw_of('[{"name": "idna", "version": "3.7", "latest_version": "3.10", "latest_filetype": "wheel"}]'))
    assert [(one.message, one.level) for one in parsed.findings] == [("idna 3.7 is behind: 3.10 is the latest", Level.INFO)]


@pytest.mark.parametrize("case", ["npm/11.19.1/audit-findings", "npm/6.14.18/audit-findings", "pnpm/10.34.9/audit-findings", "yarn/1.22.22/audit-findings"])
def test_an_advisory_of_javascript_keeps_its_score(case: str) -> None:
    recorded = load(OUTPUTS / case)
    found = read(recorded.parser, recorded.raw).findings[-1]
    assert (found.score, found.url) == (9.8, "https://github.com/advisories/GHSA-xvch-5gv4-984h")


def test_a_score_of_nought_is_no_score() -> None:
    told = {**NPM["vulnerabilities"]["minimist"]["via"][0], "cvss": {"score": 0, "vectorString": None}}  # type: ignore[index]
    report = {"auditReportVersion": 2, "vulnerabilities": {"minimist": {"via": [told], "fixAvailable": False}}, "metadata": {}}
    assert [(one.score, one.fixable) for one in read("npm-audit-json", raw_of(json.dumps(report), code=1)).findings] == [(None, False)]


@pytest.mark.parametrize(("lines", "code", "meaning"), [
    ([], 0, Meaning.TOOL_ERROR), ([{"type": "info", "data": "x"}], 0, Meaning.TOOL_ERROR),
    ([{"type": "auditSummary", "data": {"totalDependencies": 0}}], 0, Meaning.NOTHING_CHECKED),
    ([{"type": "info", "data": "No lockfile found."}, {"type": "auditSummary", "data": {"totalDependencies": 3}}], 0, Meaning.TOOL_ERROR),
    ([{"type": "error", "data": 'An unexpected error occurred: "x".'}], 1, Meaning.TOOL_ERROR),
    ([{"type": "error", "data": "getaddrinfo ENOTFOUND registry.invalid"}], 1, Meaning.NOTHING_CHECKED),
    ([{"type": "auditSummary", "data": {"totalDependencies": 3}}], 8, Meaning.TOOL_ERROR)])
def test_an_audit_of_yarn_that_did_not_audit_is_not_clean(lines: list[object], code: int, meaning: Meaning) -> None:
    assert read("yarn-audit-json", raw_of("\n".join(json.dumps(line) for line in lines), code=code)).meaning is meaning


def test_the_advisories_of_yarn_4_are_one_to_a_line_and_deprecations_are_no_vulnerabilities() -> None:
    lines = [{"value": "a", "children": {"ID": 7, "Issue": "Flaw", "URL": "https://github.com/advisories/GHSA-37q5-v5qm-c9v8", "Severity": "low", "Vulnerable Versions": "<2"}},
             {"value": "b", "children": {"ID": "b (deprecation)", "Issue": "Gone", "Severity": "moderate", "Vulnerable Versions": "1"}}]
    parsed = read("yarn-npm-audit", raw_of("".join(json.dumps(line) + "\n" for line in lines), code=1))
    assert [(one.rule, one.category, one.message) for one in parsed.findings] == [
        ("GHSA-37q5-v5qm-c9v8", Category.VULNERABILITY, "a <2: Flaw"), ("deprecation", Category.DEPENDENCY, "b 1: Gone")]


def test_yarn_4_says_that_there_is_nothing_to_suggest() -> None:
    assert read("yarn-audit", raw_of('{"type":"info","name":0,"displayName":"YN0000","data":"No audit suggestions"}\n')).meaning is Meaning.CLEAN


def test_the_report_of_yarn_2_is_that_of_npm_6() -> None:
    report = {"actions": [], "advisories": {"7": {"id": 7, "module_name": "ini", "title": "Flaw", "severity": "high"}}, "metadata": {"totalDependencies": 3}}
    assert [(one.tool, one.rule) for one in read("yarn-audit", raw_of(json.dumps(report, indent=2), code=1)).findings] == [("yarn", "7")]


def test_a_leak_of_the_history_keeps_its_line_and_says_which_commit_it_is_of() -> None:
    leak = {"RuleID": "aws", "Description": "AWS", "File": "a.tf", "StartLine": 3, "EndLine": 3, "StartColumn": 5, "EndColumn": 9, "Commit": "ab12"}
    assert [(one.line, one.detail) for one in read("gitleaks", raw_of(json.dumps([leak]), code=1)).findings] == [(3, "in commit ab12, line 3")]


def test_gitleaks_before_8_is_read_and_its_null_means_that_there_are_no_leaks() -> None:
    leak = {"line": "x", "lineNumber": 13, "offender": "x", "commit": "", "rule": "AWS Access Key", "file": "a.json"}
    assert [(one.file, one.line, one.rule) for one in read("gitleaks", raw_of(json.dumps([leak]), code=1)).findings] == [("a.json", 13, "AWS Access Key")]
    assert read("gitleaks", raw_of("null\n")).meaning is Meaning.CLEAN


def scan_of(*files: object) -> str:
    return json.dumps({"meta": {"scan_type": "scan"}, "scan_results": {"projects": [{"id": "a", "files": files}]}})


def test_the_scan_of_safety_3_is_read_without_what_it_was_told_to_ignore() -> None:
    known = [{"id": "70612", "ignored": None, "vulnerable_spec": "<3.1.4"}, {"id": "1", "ignored": {"code": "manual", "reason": "no"}, "vulnerable_spec": "<9"}]
    file = {"location": "/repo/requirements.txt", "results": {"dependencies": [
        {"name": "jinja2", "specifications": [{"raw": "jinja2==3.1.2", "vulnerabilities": {"known_vulnerabilities": known}}]}]}}
    parsed = read("safety-scan", raw_of(scan_of(file), code=64))
    assert (parsed.meaning, [(one.file, one.rule, one.message) for one in parsed.findings]) == (
        Meaning.FINDINGS, [("requirements.txt", "70612", "jinja2==3.1.2: known vulnerability")])


def test_a_scan_of_safety_without_a_file_checked_nothing() -> None:
    assert read("safety", raw_of(scan_of())).meaning is Meaning.NOTHING_CHECKED
    assert read("safety", raw_of(json.dumps({"scan_results": {}}))).meaning is Meaning.TOOL_ERROR
