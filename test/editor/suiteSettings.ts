/** Settings for the in-editor suite: nothing that they name is ever reached, because nobody signs in. */
export const suiteSettings = {
  'dataPassport.identityProviders': { company: { issuer: 'https://login.example.com', clientId: 'data-passport' } },
  'dataPassport.connections': {
    sales: { type: 'snowflake', account: 'myorg-myaccount', role: 'ANALYST', agents: true },
  },
};
