"""Jobs that the web servers put into the queue."""

import os
import smtplib
from email.message import EmailMessage

import boto3
import psycopg2
from celery import Celery

app = Celery("shop", broker=os.environ.get("QUEUE_URL", "redis://127.0.0.1:6379/1"))
app.conf.task_default_queue = "default"
app.conf.task_acks_late = True
app.conf.task_ignore_result = True
app.conf.worker_prefetch_multiplier = 1
app.conf.broker_connection_retry_on_startup = True


@app.task(autoretry_for=(OSError, psycopg2.OperationalError), retry_backoff=True, max_retries=8)
def send_receipt(purchase):
    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT email FROM purchase WHERE id = %s", (purchase,))
        (email,) = cursor.fetchone()
    message = EmailMessage()
    message["From"] = "orders@example.com"
    message["To"] = email
    message["Subject"] = f"Your order {purchase}"
    message.set_content(f"Thank you. {os.environ['SHOP_PUBLIC_URL']}/orders/{purchase}\n")
    with smtplib.SMTP(os.environ["SMTP_HOST"], timeout=10) as server:
        server.send_message(message)


@app.task(autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def make_thumbnail(product, key):
    """A copy under the name the pages use; resizing is the storage's own job."""
    storage = boto3.client("s3", endpoint_url=os.environ["STORAGE_ENDPOINT"])
    bucket = os.environ["STORAGE_BUCKET"]
    storage.copy_object(Bucket=bucket, Key=f"products/{product}/small", CopySource={"Bucket": bucket, "Key": key})


@app.task
def ping():
    return "pong"
