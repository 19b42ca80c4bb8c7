"""What is wrong with a dataset, and what that does to a benchmark."""

from gazesearch.audit.item import SEVERITIES, Item, Severity, Table, Value
from gazesearch.audit.result import Audit
from gazesearch.audit.run import audit_dataset

__all__ = ["SEVERITIES", "Audit", "Item", "Severity", "Table", "Value", "audit_dataset"]
