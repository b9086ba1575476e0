/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shapes: prefixes and lengths that the issuers of tokens publish in their documentation, as of
 * 2026-11; lengths are the least seen, not the exact ones, so that a longer successor is masked
 * too. Names, options and harmless values: the manuals of the programs named.
 */
#include "secret-table.h"

#include <stddef.h>

#include "hulltop/base/mem.h"

/* In the order of the first byte of their prefixes; of those of one byte, the first that fits
 * counts.
 */
static const struct ht_secret_shape shapes[] = {
    {"password-hash", "$1$", 20, HT_REST_BASE64},
    {"password-hash", "$2a$", 20, HT_REST_BASE64},
    {"password-hash", "$2b$", 20, HT_REST_BASE64},
    {"password-hash", "$2y$", 20, HT_REST_BASE64},
    {"password-hash", "$5$", 20, HT_REST_BASE64},
    {"password-hash", "$6$", 20, HT_REST_BASE64},
    {"password-hash", "$y$", 20, HT_REST_BASE64},
    {"password-hash", "$apr1$", 20, HT_REST_BASE64},
    {"private-key", "-----BEGIN ", 12, HT_REST_PEM},
    {"gcp-refresh", "1//0", 40, HT_REST_WORD},
    {"aws-key-id", "AKIA", 12, HT_REST_ALNUM},
    {"aws-key-id", "ASIA", 12, HT_REST_ALNUM},
    {"aws-key-id", "ABIA", 12, HT_REST_ALNUM},
    {"aws-key-id", "ACCA", 12, HT_REST_ALNUM},
    {"gcp-api-key", "AIza", 20, HT_REST_WORD},
    {"age-key", "AGE-SECRET-KEY-1", 16, HT_REST_WORD},
    {"jfrog-key", "AKCp", 32, HT_REST_ALNUM},
    {"atlassian-token", "ATATT3", 100, HT_REST_DOTS},
    {"bitbucket-token", "ATCTT3", 100, HT_REST_DOTS},
    {"bitbucket-token", "ATBB", 32, HT_REST_ALNUM},
    {"tencent-key-id", "AKID", 32, HT_REST_ALNUM},
    {"yandex-key", "AQVN", 35, HT_REST_WORD},
    {"octopus-key", "API-", 25, HT_REST_ALNUM},
    {"circleci-token", "CCIPAT_", 40, HT_REST_WORD},
    {"contentful-token", "CFPAT-", 40, HT_REST_WORD},
    {"clojars-token", "CLOJARS_", 60, HT_REST_ALNUM},
    {"facebook-token", "EAACEdEose0cBA", 20, HT_REST_ALNUM},
    {"easypost-key", "EZAK", 54, HT_REST_ALNUM},
    {"aws-session", "FwoGZX", 60, HT_REST_BASE64},
    {"flutterwave-key", "FLWSECK_TEST-", 12, HT_REST_WORD},
    {"flutterwave-key", "FLWSECK-", 32, HT_REST_WORD},
    {"gcp-oauth", "GOCSPX-", 16, HT_REST_WORD},
    {"gitlab-token", "GR1348941", 12, HT_REST_WORD},
    {"heroku-key", "HRKU-", 36, HT_REST_WORD},
    {"aws-session", "IQoJ", 60, HT_REST_BASE64},
    {"k3s-token", "K10", 32, HT_REST_HEX},
    {"alibaba-key-id", "LTAI", 16, HT_REST_ALNUM},
    {"private-key-base64", "LS0tLS1CRUdJTiBQUklWQVRF", 16, HT_REST_BASE64},
    {"private-key-base64", "LS0tLS1CRUdJTiBSU0EgUFJJVk", 16, HT_REST_BASE64},
    {"private-key-base64", "LS0tLS1CRUdJTiBFQyBQUklWQV", 16, HT_REST_BASE64},
    {"private-key-base64", "LS0tLS1CRUdJTiBPUEVOU1NIIF", 16, HT_REST_BASE64},
    {"newrelic-key", "NRAK-", 16, HT_REST_WORD},
    {"newrelic-key", "NRII-", 24, HT_REST_WORD},
    {"postman-key", "PMAK-", 16, HT_REST_WORD},
    {"sendgrid-key", "SG.", 32, HT_REST_DOTS},
    {"twilio-key", "SK", 32, HT_REST_HEX},
    {"swarm-token", "SWMTKN-1-", 16, HT_REST_WORD},
    {"swarm-key", "SWMKEY-1-", 16, HT_REST_BASE64},
    {"buildkite-token", "bkua_", 32, HT_REST_HEX},
    {"jfrog-key", "cmVmdGtu", 48, HT_REST_ALNUM},
    {"discord-webhook", "discord.com/api/webhooks/", 16, HT_REST_BASE64},
    {"discord-webhook", "discordapp.com/api/webhooks/", 16, HT_REST_BASE64},
    {"docker-token", "dckr_pat_", 16, HT_REST_WORD},
    {"docker-token", "dckr_oat_", 16, HT_REST_WORD},
    {"digitalocean-token", "dop_v1_", 32, HT_REST_WORD},
    {"digitalocean-token", "doo_v1_", 32, HT_REST_WORD},
    {"digitalocean-token", "dor_v1_", 32, HT_REST_WORD},
    {"databricks-token", "dapi", 32, HT_REST_HEX},
    {"doppler-token", "dp.pt.", 16, HT_REST_WORD},
    {"doppler-token", "dp.st.", 16, HT_REST_DOTS},
    {"doppler-token", "dp.ct.", 16, HT_REST_DOTS},
    {"doppler-token", "dp.sa.", 16, HT_REST_DOTS},
    {"doppler-token", "dp.scim.", 16, HT_REST_DOTS},
    {"doppler-token", "dp.audit.", 16, HT_REST_DOTS},
    {"dynatrace-token", "dt0c01.", 16, HT_REST_DOTS},
    {"grafana-key", "eyJrIjoi", 60, HT_REST_BASE64},
    {"docker-config", "eyJhdXRocyI6", 40, HT_REST_BASE64},
    {"jwt", "eyJ", 16, HT_REST_DOTS},
    {"figma-token", "figd_", 32, HT_REST_WORD},
    {"fly-token", "fm2_", 60, HT_REST_BASE64},
    {"fly-token", "fo1_", 40, HT_REST_WORD},
    {"github-token", "ghp_", 16, HT_REST_WORD},
    {"github-token", "gho_", 16, HT_REST_WORD},
    {"github-token", "ghu_", 16, HT_REST_WORD},
    {"github-token", "ghs_", 16, HT_REST_WORD},
    {"github-token", "ghr_", 16, HT_REST_WORD},
    {"github-token", "github_pat_", 16, HT_REST_WORD},
    {"gitlab-token", "glpat-", 12, HT_REST_DOTS},
    {"gitlab-token", "gldt-", 12, HT_REST_DOTS},
    {"gitlab-token", "glrt-", 12, HT_REST_DOTS},
    {"gitlab-token", "glcbt-", 12, HT_REST_DOTS},
    {"gitlab-token", "glptt-", 12, HT_REST_DOTS},
    {"gitlab-token", "glft-", 12, HT_REST_DOTS},
    {"gitlab-token", "glimt-", 12, HT_REST_DOTS},
    {"gitlab-token", "glagent-", 12, HT_REST_DOTS},
    {"gitlab-token", "glsoat-", 12, HT_REST_DOTS},
    {"gitlab-token", "gloas-", 12, HT_REST_DOTS},
    {"gitlab-token", "glffct-", 12, HT_REST_DOTS},
    {"grafana-token", "glsa_", 16, HT_REST_WORD},
    {"grafana-token", "glc_", 24, HT_REST_BASE64},
    {"groq-key", "gsk_", 40, HT_REST_ALNUM},
    {"slack-webhook", "hooks.slack.com/services/", 16, HT_REST_BASE64},
    {"slack-webhook", "hooks.slack.com/workflows/", 16, HT_REST_BASE64},
    {"slack-webhook", "hooks.slack.com/triggers/", 16, HT_REST_BASE64},
    {"vault-token", "hvs.", 16, HT_REST_DOTS},
    {"vault-token", "hvb.", 16, HT_REST_DOTS},
    {"vault-token", "hvr.", 16, HT_REST_DOTS},
    {"huggingface-token", "hf_", 24, HT_REST_ALNUM},
    {"infracost-key", "ico-", 32, HT_REST_ALNUM},
    {"mailgun-key", "key-", 32, HT_REST_HEX},
    {"linear-key", "lin_api_", 16, HT_REST_WORD},
    {"linear-key", "lin_oauth_", 16, HT_REST_WORD},
    {"langsmith-key", "lsv2_", 40, HT_REST_WORD},
    {"npm-token", "npm_", 16, HT_REST_WORD},
    {"nvidia-key", "nvapi-", 40, HT_REST_WORD},
    {"netlify-token", "nfp_", 32, HT_REST_ALNUM},
    {"notion-token", "ntn_", 40, HT_REST_ALNUM},
    {"onepassword-token", "ops_eyJ", 16, HT_REST_BASE64},
    {"nuget-key", "oy2", 43, HT_REST_ALNUM},
    {"pypi-token", "pypi-", 40, HT_REST_WORD},
    {"pulumi-token", "pul-", 32, HT_REST_WORD},
    {"planetscale-password", "pscale_pw_", 16, HT_REST_DOTS},
    {"planetscale-token", "pscale_tkn_", 16, HT_REST_DOTS},
    {"planetscale-token", "pscale_oauth_", 16, HT_REST_DOTS},
    {"airtable-token", "pat", 79, HT_REST_DOTS},
    {"hubspot-token", "pat-na1-", 36, HT_REST_WORD},
    {"hubspot-token", "pat-eu1-", 36, HT_REST_WORD},
    {"perplexity-key", "pplx-", 40, HT_REST_ALNUM},
    {"prefect-key", "pnu_", 36, HT_REST_ALNUM},
    {"pinecone-key", "pcsk_", 60, HT_REST_WORD},
    {"posthog-key", "phx_", 40, HT_REST_ALNUM},
    {"mapbox-token", "pk.eyJ1", 60, HT_REST_DOTS},
    {"stripe-key", "rk_live_", 10, HT_REST_WORD},
    {"replicate-token", "r8_", 37, HT_REST_ALNUM},
    {"rubygems-key", "rubygems_", 32, HT_REST_HEX},
    {"readme-key", "rdme_", 70, HT_REST_ALNUM},
    {"stripe-key", "sk_live_", 10, HT_REST_WORD},
    {"stripe-key", "sk_test_", 10, HT_REST_WORD},
    {"vault-token", "s.", 24, HT_REST_ALNUM},
    {"anthropic-key", "sk-ant-", 16, HT_REST_WORD},
    {"openrouter-key", "sk-or-v1-", 40, HT_REST_HEX},
    {"langfuse-key", "sk-lf-", 36, HT_REST_WORD},
    {"openai-key", "sk-proj-", 16, HT_REST_WORD},
    {"openai-key", "sk-", 32, HT_REST_WORD},
    {"shopify-token", "shpat_", 16, HT_REST_WORD},
    {"sentry-token", "sntryu_", 16, HT_REST_BASE64},
    {"sentry-token", "sntrys_", 16, HT_REST_BASE64},
    {"shopify-token", "shpss_", 16, HT_REST_WORD},
    {"shopify-token", "shppa_", 16, HT_REST_WORD},
    {"shopify-token", "shpca_", 16, HT_REST_WORD},
    {"square-token", "sq0csp-", 32, HT_REST_WORD},
    {"square-token", "sq0atp-", 16, HT_REST_WORD},
    {"notion-token", "secret_", 43, HT_REST_ALNUM},
    {"sonar-token", "sqp_", 40, HT_REST_HEX},
    {"sonar-token", "squ_", 40, HT_REST_HEX},
    {"sonar-token", "sqa_", 40, HT_REST_HEX},
    {"supabase-token", "sbp_", 40, HT_REST_HEX},
    {"supabase-key", "sb_secret_", 20, HT_REST_WORD},
    {"launchdarkly-key", "sdk-", 36, HT_REST_WORD},
    {"openshift-token", "sha256~", 40, HT_REST_WORD},
    {"dropbox-token", "sl.", 130, HT_REST_WORD},
    {"elevenlabs-key", "sk_", 48, HT_REST_HEX},
    {"sourcegraph-token", "sgp_", 40, HT_REST_WORD},
    {"mapbox-token", "sk.eyJ1", 60, HT_REST_DOTS},
    {"tailscale-key", "tskey-", 20, HT_REST_WORD},
    {"typeform-token", "tfp_", 40, HT_REST_DOTS},
    {"tavily-key", "tvly-", 24, HT_REST_WORD},
    {"stripe-webhook", "whsec_", 16, HT_REST_BASE64},
    {"slack-token", "xoxb-", 10, HT_REST_WORD},
    {"slack-token", "xoxp-", 10, HT_REST_WORD},
    {"slack-token", "xoxa-", 10, HT_REST_WORD},
    {"slack-token", "xoxr-", 10, HT_REST_WORD},
    {"slack-token", "xoxs-", 10, HT_REST_WORD},
    {"slack-token", "xoxe-", 10, HT_REST_WORD},
    {"slack-token", "xoxd-", 10, HT_REST_WORD},
    {"slack-token", "xapp-", 10, HT_REST_WORD},
    {"xai-key", "xai-", 70, HT_REST_ALNUM},
    {"brevo-key", "xkeysib-", 64, HT_REST_WORD},
    {"brevo-key", "xsmtpsib-", 64, HT_REST_WORD},
    {"gcp-oauth", "ya29.", 16, HT_REST_DOTS},
    {NULL, NULL, 0, HT_REST_WORD},
};

const struct ht_secret_shape *ht_secret_shapes(void)
{
    return shapes;
}

const struct ht_secret_shape *ht_secret_shapes_of(char first)
{
    size_t from = 0, to = ARRAY_LEN(shapes) - 1;

    while (from < to) {
        size_t middle = (from + to) / 2;

        if ((unsigned char)shapes[middle].prefix[0] < (unsigned char)first)
            from = middle + 1;
        else
            to = middle;
    }
    return shapes[from].name && shapes[from].prefix[0] == first ? &shapes[from] : NULL;
}

const struct ht_secret_shape *ht_secret_shape_next(const struct ht_secret_shape *shape)
{
    const struct ht_secret_shape *next = shape + 1;

    return next->name && next->prefix[0] == shape->prefix[0] ? next : NULL;
}

const struct ht_secret_ending *ht_secret_endings(void)
{
    static const struct ht_secret_ending endings[] = {
        {HT_STR("password"), false, false},
        {HT_STR("passwd"), false, false},
        {HT_STR("passphrase"), false, false},
        {HT_STR("passwort"), false, false},
        {HT_STR("passcode"), false, false},
        {HT_STR("pass"), true, false},
        {HT_STR("requirepass"), false, false},
        {HT_STR("masterauth"), false, false},
        {HT_STR("storepass"), false, false},
        {HT_STR("keypass"), false, false},
        {HT_STR("dbpass"), false, false},
        {HT_STR("userpass"), false, false},
        {HT_STR("vaultsecretid"), false, false},
        {HT_STR("rootpass"), false, false},
        {HT_STR("adminpass"), false, false},
        {HT_STR("pw"), true, false},
        {HT_STR("pwd"), false, false},
        {HT_STR("psk"), true, false},
        {HT_STR("secret"), false, false},
        {HT_STR("token"), false, false},
        {HT_STR("apikey"), false, false},
        {HT_STR("appkey"), false, false},
        {HT_STR("accesskey"), false, false},
        {HT_STR("accesskeyid"), false, false},
        {HT_STR("accountkey"), false, false},
        {HT_STR("adminkey"), false, false},
        {HT_STR("authkey"), false, false},
        {HT_STR("certificatekey"), false, false},
        {HT_STR("deploykey"), false, false},
        {HT_STR("encryptionkey"), false, false},
        {HT_STR("fernetkey"), false, false},
        {HT_STR("hmackey"), false, false},
        {HT_STR("ingestionkey"), false, false},
        {HT_STR("licensekey"), false, false},
        {HT_STR("masterkey"), false, false},
        {HT_STR("privatekey"), false, false},
        {HT_STR("secretkey"), false, false},
        {HT_STR("secretkeybase"), false, false},
        {HT_STR("sdkkey"), false, false},
        {HT_STR("sessionkey"), false, false},
        {HT_STR("sharedkey"), false, false},
        {HT_STR("signingkey"), false, false},
        {HT_STR("sshkey"), false, false},
        {HT_STR("storagekey"), false, true},
        {HT_STR("credential"), false, true},
        {HT_STR("cred"), true, true},
        {HT_STR("connectionstring"), false, false},
        {HT_STR("cookie"), false, false},
        {HT_STR("authorization"), false, true},
        {HT_STR("auth"), true, true},
        {HT_STR("sig"), true, true},
        {HT_STR("signature"), true, true},
        {HT_STR("pat"), true, true},
        {HT_STR("bearer"), true, true},
        {HT_STR("salt"), true, true},
        {HT_STR("jwt"), true, false},
        {HT_STR(""), false, false},
    };

    return endings;
}

const struct ht_secret_option *ht_secret_options(void)
{
    static const struct ht_secret_option options[] = {
        {"mysql", "-p", HT_OPTION_ATTACHED},
        {"mysqladmin", "-p", HT_OPTION_ATTACHED},
        {"mysqlcheck", "-p", HT_OPTION_ATTACHED},
        {"mysqldump", "-p", HT_OPTION_ATTACHED},
        {"mysqlimport", "-p", HT_OPTION_ATTACHED},
        {"mysqlpump", "-p", HT_OPTION_ATTACHED},
        {"mysqlsh", "-p", HT_OPTION_ATTACHED},
        {"mysqlshow", "-p", HT_OPTION_ATTACHED},
        {"mysqlslap", "-p", HT_OPTION_ATTACHED},
        {"mariadb", "-p", HT_OPTION_ATTACHED},
        {"mariadb-admin", "-p", HT_OPTION_ATTACHED},
        {"mariadb-check", "-p", HT_OPTION_ATTACHED},
        {"mariadb-dump", "-p", HT_OPTION_ATTACHED},
        {"mariadb-import", "-p", HT_OPTION_ATTACHED},
        {"mariadb-show", "-p", HT_OPTION_ATTACHED},
        {"sshpass", "-p", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"mongo", "-p", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"mongosh", "-p", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"mongodump", "-p", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"mongorestore", "-p", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"mongoexport", "-p", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"mongoimport", "-p", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"cqlsh", "-p", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"snmpget", "-A", HT_OPTION_SEPARATE},
        {"snmpget", "-X", HT_OPTION_SEPARATE},
        {"snmpset", "-A", HT_OPTION_SEPARATE},
        {"snmpset", "-X", HT_OPTION_SEPARATE},
        {"snmpwalk", "-A", HT_OPTION_SEPARATE},
        {"snmpwalk", "-X", HT_OPTION_SEPARATE},
        {"login", "-p", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"7z", "-p", HT_OPTION_ATTACHED},
        {"zip", "-P", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"unzip", "-P", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"redis-cli", "-a", HT_OPTION_SEPARATE},
        {"valkey-cli", "-a", HT_OPTION_SEPARATE},
        {"ldapsearch", "-w", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"ldapmodify", "-w", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"ldapadd", "-w", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"ldapwhoami", "-w", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"sqlcmd", "-P", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"bcp", "-P", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"ipmitool", "-P", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"openssl", "-pass", HT_OPTION_SEPARATE},
        {"openssl", "-passin", HT_OPTION_SEPARATE},
        {"openssl", "-passout", HT_OPTION_SEPARATE},
        {"openssl", "-k", HT_OPTION_SEPARATE},
        {"openssl", "-K", HT_OPTION_SEPARATE},
        {"curl", "-u", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE | HT_OPTION_USER},
        {"curl", "-U", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE | HT_OPTION_USER},
        {"curl", "--user", HT_OPTION_SEPARATE | HT_OPTION_USER},
        {"curl", "--proxy-user", HT_OPTION_SEPARATE | HT_OPTION_USER},
        {"curl", "-b", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"http", "-a", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE | HT_OPTION_USER},
        {"https", "-a", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE | HT_OPTION_USER},
        {"ssh-keygen", "-N", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"ssh-keygen", "-P", HT_OPTION_ATTACHED | HT_OPTION_SEPARATE},
        {"cryptsetup", "--key", HT_OPTION_SEPARATE},
        {"consul", "-encrypt", HT_OPTION_SEPARATE},
        {"nomad", "-encrypt", HT_OPTION_SEPARATE},
        {"restic", "--password-command", HT_OPTION_SEPARATE},
        {HT_SECRET_ANY_PROGRAM, "--user", HT_OPTION_SEPARATE | HT_OPTION_LOGIN},
        {HT_SECRET_ANY_PROGRAM, "-U", HT_OPTION_SEPARATE | HT_OPTION_LOGIN},
        {NULL, NULL, 0},
    };

    return options;
}

const struct ht_secret_verb *ht_secret_verbs(void)
{
    static const struct ht_secret_verb verbs[] = {
        {"vault", "login", 1},
        {"bao", "login", 1},
        {"grafana-cli", "reset-admin-password", 1},
        {"grafana", "reset-admin-password", 1},
        {"nmcli", "password", 1},
        {"ngrok", "authtoken", 1},
        {"ngrok", "add-authtoken", 1},
        {"snyk", "auth", 1},
        {"kubeadm", "create", 1},
        {"aws", "aws_secret_access_key", 1},
        {"aws", "aws_session_token", 1},
        {"mysqladmin", "password", 1},
        {"mariadb-admin", "password", 1},
        {"rabbitmqctl", "add_user", 2},
        {"rabbitmqctl", "change_password", 2},
        {"rabbitmqctl", "authenticate_user", 2},
        {"htpasswd", "-b", 3},
        {"htpasswd", "-bc", 3},
        {"htpasswd", "-cb", 3},
        {"htpasswd", "-bB", 3},
        {"htpasswd", "-Bb", 3},
        {"htpasswd", "-Bbc", 3},
        {"htpasswd", "-cBb", 3},
        {"htpasswd", "-bn", 2},
        {"htpasswd", "-nb", 2},
        {"htpasswd", "-Bbn", 2},
        {"htpasswd", "-nbB", 2},
        {NULL, NULL, 0},
    };

    return verbs;
}

const struct ht_str *ht_secret_silent_endings(void)
{
    static const struct ht_str endings[] = {
        HT_STR("value"),    HT_STR("string"), HT_STR("text"), HT_STR("plain"), HT_STR("base64"),
        HT_STR("b64"),      HT_STR("hash"),   HT_STR("old"),  HT_STR("new"),   HT_STR("current"),
        HT_STR("previous"), HT_STR("prev"),   HT_STR("next"), HT_STR("prod"),  HT_STR("staging"),
        HT_STR("dev"),      HT_STR("test"),   HT_STR("s"),    HT_STR("")};

    return endings;
}

const char *const *ht_secret_plain_names(void)
{
    static const char *const names[] = {"PATH",
                                        "HOME",
                                        "LANG",
                                        "LANGUAGE",
                                        "LC_ALL",
                                        "LC_CTYPE",
                                        "TERM",
                                        "TZ",
                                        "HOSTNAME",
                                        "SHLVL",
                                        "PWD",
                                        "OLDPWD",
                                        "SHELL",
                                        "USER",
                                        "LOGNAME",
                                        "container",
                                        "DEBIAN_FRONTEND",
                                        "LD_LIBRARY_PATH",
                                        "LD_PRELOAD",
                                        NULL};

    return names;
}

const char *const *ht_secret_plain_values(void)
{
    static const char *const values[] = {"true", "false", "yes",  "no",  "on",
                                         "off",  "none",  "null", "nil", NULL};

    return values;
}
