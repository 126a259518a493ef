/*
 * OAuth validator of the lab's PostgreSQL 18. The npm package brings no server headers, so the few declarations that it
 * needs are repeated here: fmgr.h (Pg_magic_struct) and libpq/oauth.h (the callbacks) of PostgreSQL 18.
 */
#include <stdbool.h>
#include <stdint.h>

#include "ask.h"

typedef struct {
  int version, funcmaxargs, indexmaxkeys, namedatalen, float8byval;
  char abi_extra[32];
} PgAbiValues;

typedef struct {
  int len;
  PgAbiValues abi;
  const char *name;
  const char *version;
} PgMagic;

typedef struct {
  int sversion;
  void *private_data;
} ValidatorModuleState;

typedef struct {
  bool authorized;
  char *authn_id;
} ValidatorModuleResult;

typedef struct {
  uint32_t magic;
  void (*startup)(ValidatorModuleState *);
  void (*shutdown)(ValidatorModuleState *);
  bool (*validate)(const ValidatorModuleState *, const char *token, const char *role, ValidatorModuleResult *);
} OAuthValidatorCallbacks;

/* Exported by the server itself. */
extern const char *GetConfigOption(const char *name, bool missing_ok, bool restrict_privileged);
extern char *pstrdup(const char *text);

static bool validate(const ValidatorModuleState *state, const char *token, const char *role,
                     ValidatorModuleResult *result) {
  char name[128];
  int answer = ask_verifier(GetConfigOption("jwt_validator.socket", true, false), token, name, sizeof name);

  (void)state;
  /* Without a map in pg_hba.conf the server itself demands that the name is the role that was asked for. */
  (void)role;
  result->authorized = answer == 1;
  result->authn_id = answer == 1 ? pstrdup(name) : NULL;
  return answer >= 0;
}

static const OAuthValidatorCallbacks callbacks = {0x20250220, NULL, NULL, validate};

const OAuthValidatorCallbacks *_PG_oauth_validator_module_init(void) { return &callbacks; }

const PgMagic *Pg_magic_func(void) {
  static const PgMagic magic = {sizeof(PgMagic), {1800, 100, 32, 64, 1, "PostgreSQL"}, NULL, NULL};
  return &magic;
}
