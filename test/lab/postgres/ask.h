/*
 * Asks the verifier in the lab process whether a token is good: one line out, one line back, over a private unix socket.
 * Returns 1 and fills `name` when it is, 0 when it is not, -1 when nobody answers.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int send_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent <= 0) return -1;
    bytes += sent;
    length -= (size_t)sent;
  }
  return 0;
}

static int ask_verifier(const char *path, const char *token, char *name, size_t size) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval limit = {.tv_sec = 10};
  char answer[256];
  size_t got = 0;
  int fd;

  /* The line is the frame: a token that holds a line feed is two questions. */
  if (token == NULL || strchr(token, '\n') != NULL) return 0;
  if (path == NULL || strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 || send_all(fd, token, strlen(token)) != 0 ||
      send_all(fd, "\n", 1) != 0) {
    close(fd);
    return -1;
  }
  while (got < sizeof answer - 1) {
    ssize_t count = recv(fd, answer + got, sizeof answer - 1 - got, 0);
    if (count <= 0) break;
    got += (size_t)count;
    if (answer[got - 1] == '\n') break;
  }
  close(fd);
  answer[got] = '\0';
  if (got == 0 || answer[got - 1] != '\n') return -1;
  answer[got - 1] = '\0';
  if (strncmp(answer, "ok ", 3) != 0 || strlen(answer + 3) >= size) return 0;
  strcpy(name, answer + 3);
  return 1;
}
