"""The report: one page and its figures, from what `gazesearch evaluate --output` saved."""

from gazesearch.evaluation.report.make import Report, make_report

__all__ = ["Report", "make_report"]
