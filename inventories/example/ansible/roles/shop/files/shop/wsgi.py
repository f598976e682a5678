"""The shop: a catalogue, a basket and a checkout. Keeps nothing on the machine it runs on."""

import json
import os
import secrets

import boto3
import psycopg2
import psycopg2.extras
import redis
from flask import Flask, abort, jsonify, redirect, render_template, request, session
from flask.sessions import SessionInterface, SessionMixin
from pymemcache.client.hash import HashClient

from shop.jobs import make_thumbnail, send_receipt

SESSION_SECONDS = 14 * 24 * 3600
CATALOGUE_SECONDS = 60


class Session(dict, SessionMixin):
    def __init__(self, sid, values):
        super().__init__(values)
        self.sid = sid
        self.before = dict(values)


class RedisSessions(SessionInterface):
    """Sessions live in Redis, so any web server can answer any request."""

    cookie = "shop_session"

    def __init__(self, store):
        self.store = store

    def open_session(self, app, request):
        sid = request.cookies.get(self.cookie)
        if not sid:
            return Session(secrets.token_urlsafe(24), {})
        try:
            saved = self.store.get("session:" + sid)
        except redis.RedisError:
            app.logger.exception("no session store")
            saved = None
        return Session(sid, json.loads(saved) if saved else {})

    def save_session(self, app, session, response):
        if session == session.before:
            return
        self.store.setex("session:" + session.sid, SESSION_SECONDS, json.dumps(session))
        response.set_cookie(
            self.cookie, session.sid, max_age=SESSION_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure
        )


def memcached_servers(text):
    pairs = (server.rsplit(":", 1) for server in text.split(",") if server)
    return [(host, int(port)) for host, port in pairs]


app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY", "only for development")
sessions = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"), socket_timeout=2)
app.session_interface = RedisSessions(sessions)
cache = HashClient(
    memcached_servers(os.environ.get("MEMCACHED", "127.0.0.1:11211")), connect_timeout=0.2, timeout=0.5, ignore_exc=True
)


def database():
    return psycopg2.connect(
        os.environ["DATABASE_URL"], connect_timeout=3, cursor_factory=psycopg2.extras.RealDictCursor
    )


def catalogue():
    """Products, from memcached for a minute."""
    cached = cache.get("catalogue")
    if cached:
        return json.loads(cached)
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, name, price_cents FROM product ORDER BY name")
        products = [dict(row) for row in cursor.fetchall()]
    cache.set("catalogue", json.dumps(products).encode(), expire=CATALOGUE_SECONDS)
    return products


@app.get("/healthz")
def healthz():
    """Is this process alive?"""
    return "ok\n", 200, {"Content-Type": "text/plain"}


@app.get("/readyz")
def readyz():
    """Can it do its work?"""
    problems = {}
    try:
        database().close()
    except (KeyError, psycopg2.Error) as error:
        problems["database"] = type(error).__name__
    try:
        sessions.ping()
    except redis.RedisError as error:
        problems["redis"] = type(error).__name__
    return jsonify(ready=not problems, problems=problems), 503 if problems else 200


@app.get("/")
def index():
    try:
        products = catalogue()
    except (KeyError, psycopg2.Error):
        app.logger.exception("no catalogue")
        return render_template("index.html", products=None, basket=0), 503
    basket = sum(session.get("basket", {}).values())
    return render_template(
        "index.html", products=products, basket=basket, currency=os.environ.get("SHOP_CURRENCY", "EUR")
    )


@app.post("/cart/<int:product>")
def add_to_cart(product):
    basket = dict(session.get("basket", {}))
    basket[str(product)] = basket.get(str(product), 0) + 1
    session["basket"] = basket
    return redirect("/")


@app.post("/checkout")
def checkout():
    basket = session.get("basket")
    if not basket:
        abort(400, "the basket is empty")
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO purchase (email) VALUES (%s) RETURNING id", (request.form["email"],))
        purchase = cursor.fetchone()["id"]
        for product, quantity in basket.items():
            cursor.execute(
                "INSERT INTO purchase_line (purchase_id, product_id, quantity, price_cents)"
                " SELECT %s, id, %s, price_cents FROM product WHERE id = %s",
                (purchase, quantity, int(product)),
            )
    send_receipt.apply_async((purchase,), queue="mail")
    session["basket"] = {}
    return jsonify(purchase=purchase), 201


@app.post("/products/<int:product>/photo")
def upload_photo(product):
    """Photos go to object storage; the worker makes the thumbnail."""
    key = f"products/{product}/original"
    storage = boto3.client("s3", endpoint_url=os.environ["STORAGE_ENDPOINT"])
    storage.upload_fileobj(request.files["photo"].stream, os.environ["STORAGE_BUCKET"], key)
    make_thumbnail.apply_async((product, key), queue="images")
    return jsonify(key=key), 202
