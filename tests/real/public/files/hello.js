require("http").createServer((request, response) => {
  response.writeHead(200, { "Content-Type": "text/plain" });
  response.end("hello from Node\n");
}).listen(3000);
