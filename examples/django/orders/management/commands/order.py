"""Takes an order, as a view would: manage.py order CUSTOMER TOTAL"""

from functools import partial

import django_rq
from django.core.management.base import BaseCommand
from django.db import transaction

from orders.jobs import write_receipt
from orders.models import Order


class Command(BaseCommand):
    help = "Takes an order and enqueues its receipt."

    def add_arguments(self, parser):
        parser.add_argument("customer")
        parser.add_argument("total")
        parser.add_argument("--language", default="en")

    @transaction.atomic
    def handle(self, customer, total, language, **options):
        order = Order.objects.create(customer=customer, total=total)
        enqueue = partial(django_rq.get_queue().enqueue, write_receipt, order.pk, meta={"language": language})
        # Not before: the job might look for the order while nobody else can see it yet.
        transaction.on_commit(enqueue)
        self.stdout.write("order %d of %s" % (order.pk, customer))
