"""What customers order."""

from django.db import models


class Order(models.Model):
    """An order; its receipt is written by a job."""

    customer = models.CharField(max_length=80)
    total = models.DecimalField(max_digits=10, decimal_places=2)
    receipt = models.TextField(blank=True)
