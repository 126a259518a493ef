/*
 * PAM module of the lab's Debian PostgreSQL: the password is the user's token. Declares the little of Linux-PAM that it
 * needs, so that no header package is wanted. (pam_exec is no way: it cuts the password at 511 bytes.)
 * Argument in the service file: path of the verifier's socket.
 */
#include <stdlib.h>

#include "ask.h"

enum { PAM_SUCCESS = 0, PAM_AUTH_ERR = 7, PAM_AUTHINFO_UNAVAIL = 9 };
enum { PAM_USER = 2, PAM_CONV = 5, PAM_PROMPT_ECHO_OFF = 1 };

typedef struct pam_handle pam_handle_t;
struct pam_message {
  int msg_style;
  const char *msg;
};
struct pam_response {
  char *resp;
  int resp_retcode;
};
struct pam_conv {
  int (*conv)(int count, const struct pam_message **, struct pam_response **, void *);
  void *appdata;
};
extern int pam_get_item(const pam_handle_t *, int kind, const void **item);

int pam_sm_authenticate(pam_handle_t *handle, int flags, int argc, const char **argv) {
  const struct pam_message question = {PAM_PROMPT_ECHO_OFF, "Token: "};
  const struct pam_message *questions = &question;
  struct pam_response *response = NULL;
  const void *user = NULL, *conversation = NULL;
  char name[128];
  int answer;

  (void)flags;
  if (argc != 1 || pam_get_item(handle, PAM_USER, &user) != PAM_SUCCESS || user == NULL ||
      pam_get_item(handle, PAM_CONV, &conversation) != PAM_SUCCESS || conversation == NULL)
    return PAM_AUTH_ERR;
  const struct pam_conv *ask = conversation;
  if (ask->conv(1, &questions, &response, ask->appdata) != PAM_SUCCESS || response == NULL) return PAM_AUTH_ERR;
  answer = ask_verifier(argv[0], response->resp, name, sizeof name);
  free(response->resp);
  free(response);
  if (answer < 0) return PAM_AUTHINFO_UNAVAIL;
  return answer == 1 && strcmp(name, user) == 0 ? PAM_SUCCESS : PAM_AUTH_ERR;
}

int pam_sm_setcred(pam_handle_t *handle, int flags, int argc, const char **argv) {
  (void)handle, (void)flags, (void)argc, (void)argv;
  return PAM_SUCCESS;
}
