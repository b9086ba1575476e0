/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only file that knows libcrypto, by few of its functions. */
#include <config.h>

#include "hulltop/base/certificate.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

/* As its manual declares them; what it hands out is opaque here. */
struct crypto {
    void *(*new_mem_buf)(const void *bytes, int len);
    int (*free_bio)(void *bio);
    void *(*read_x509)(void *bio, void *x509, int (*password)(char *, int, int, void *),
                       void *context);
    void (*free_x509)(void *x509);
    const void *(*not_before)(const void *x509);
    const void *(*not_after)(const void *x509);
    int (*to_tm)(const void *asn1_time, struct tm *ret);
    void *(*subject_name)(const void *x509);
    char *(*oneline)(const void *name, char *text, int size);
    void (*clear_error)(void);
};

static void *open_crypto(void)
{
    static const char *const names[] = {"libcrypto.so.3", "libcrypto.so.1.1"};
    void *library = NULL;

    for (size_t i = 0; i < ARRAY_LEN(names) && !library; i++)
        library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    return library;
}

static bool find_functions(void *library, struct crypto *ret)
{
    const struct {
        const char *name;
        void *to;
    } functions[] = {
        {"BIO_new_mem_buf", &ret->new_mem_buf},    {"BIO_free", &ret->free_bio},
        {"PEM_read_bio_X509", &ret->read_x509},    {"X509_free", &ret->free_x509},
        {"X509_get0_notBefore", &ret->not_before}, {"X509_get0_notAfter", &ret->not_after},
        {"ASN1_TIME_to_tm", &ret->to_tm},          {"X509_get_subject_name", &ret->subject_name},
        {"X509_NAME_oneline", &ret->oneline},      {"ERR_clear_error", &ret->clear_error},
    };

    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        void *symbol = dlsym(library, functions[i].name);

        if (!symbol)
            return false;
        memcpy(functions[i].to, &symbol, sizeof(symbol));
    }
    return true;
}

static bool read_time(const struct crypto *crypto, const void *asn1_time, int64_t *ret_ns)
{
    struct tm tm = {0};

    return asn1_time && crypto->to_tm(asn1_time, &tm) == 1 &&
           !__builtin_mul_overflow((int64_t)timegm(&tm), HT_NS_PER_S, ret_ns);
}

static bool describe(const struct crypto *crypto, const void *x509, struct ht_certificate *ret)
{
    *ret = (struct ht_certificate){.start_ns = 0};
    /* With a buffer it returns that, cut and ended. */
    if (!crypto->oneline(crypto->subject_name(x509), ret->subject, sizeof(ret->subject)))
        ret->subject[0] = '\0';
    return read_time(crypto, crypto->not_before(x509), &ret->start_ns) &&
           read_time(crypto, crypto->not_after(x509), &ret->end_ns);
}

/* Without one the library would ask on the terminal. */
static int no_password(char *ret_text, int size, int is_writing, void *context)
{
    (void)ret_text;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

static size_t read_all(const struct crypto *crypto, struct ht_str pem,
                       struct ht_certificate *certificates, size_t room)
{
    void *bio = crypto->new_mem_buf(pem.data, (int)pem.len);
    size_t len = 0;
    bool good = bio;

    while (good && len < room) {
        void *x509 = crypto->read_x509(bio, NULL, no_password, NULL);

        good = x509 && describe(crypto, x509, &certificates[len]);
        len += good;
        if (x509)
            crypto->free_x509(x509);
    }
    if (bio)
        crypto->free_bio(bio);
    /* The end of the text is an error of the thread's, which a later connection would report. */
    crypto->clear_error();
    return len;
}

size_t ht_certificate_read(struct ht_str pem, struct ht_certificate *certificates, size_t room)
{
    void *library = open_crypto();
    struct crypto crypto;
    size_t len = 0;

    if (library && pem.len && pem.len <= INT_MAX && find_functions(library, &crypto))
        len = read_all(&crypto, pem, certificates, room);
    if (library)
        dlclose(library);
    return len;
}
