"""report.html: one page that works without a network."""

from reports.html.page import report_html

__all__ = ["report_html"]
