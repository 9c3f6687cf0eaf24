"""What came back is told apart: for good, for the time being, a complaint, a wish to stop, nothing of the kind."""

import pytest

from notify.channels.returned import read_returned

DSN = """\
From: MAILER-DAEMON@mx.example.org
To: bounces+x@example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

stop
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ada@example.net
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no such user

--b--
"""

ARF = """\
From: feedback@example.net
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: x/1
Version: 1

--b
Content-Type: message/rfc822

From: register@example.org
Subject: 2 changes

--b--
"""


@pytest.mark.parametrize(
    ("action", "status", "sort"),
    [
        ("failed", "5.1.1", "hard"),
        ("failed", "5.0.0", "hard"),
        ("failed", "", "hard"),
        ("failed", "4.4.7", "soft"),
        ("failed", "5.2.2", "soft"),
        ("failed", "5.7.1", "soft"),
        ("delayed", "4.4.1", None),
        ("delivered", "2.0.0", None),
    ],
)
def test_a_delivery_status_notification_is_read_by_its_fields(action, status, sort):
    assert read_returned(DSN.format(action=action, status=status).encode()) == sort


@pytest.mark.parametrize(("kind", "sort"), [("abuse", "complaint"), ("not-spam", None), ("auth-failure", None)])
def test_a_complaint_is_read_by_its_type(kind, sort):
    assert read_returned(ARF.format(kind=kind).encode()) == sort


def test_a_wish_to_stop_is_a_subject_and_no_automatic_answer():
    assert read_returned(b"Subject: Stop\r\n\r\n") == "stop"
    assert read_returned(b"Subject: stop\r\nAuto-Submitted: auto-replied\r\n\r\n") is None
    assert read_returned(b"Subject: Out of office\r\n\r\nstop") is None


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b"Content-Type: multipart/report\r\n\r\n--\r\n"])
def test_what_is_no_letter_says_nothing(raw):
    assert read_returned(raw) is None
