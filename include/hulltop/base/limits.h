/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limits on what comes from outside that more than one file keeps to; others stand at the
 * beginning of the file that keeps them. Layer 1 (base).
 * A limit that was reached is shown (source state, evidence, message), never silent.
 */
#ifndef HT_BASE_LIMITS_H
#define HT_BASE_LIMITS_H

enum {
    HT_LIMIT_BODY = 64 * 1024 * 1024,         /* bytes of an API's answer, of a recording's line */
    HT_LIMIT_LINE = 4 * 1024 * 1024,          /* bytes of one line of a stream */
    HT_LIMIT_GRPC_MESSAGE = 64 * 1024 * 1024, /* bytes of one message of gRPC */
    HT_LIMIT_DEPTH = 64,                      /* nesting of JSON and YAML */
    HT_LIMIT_JSON_VALUES = 8000000,           /* values and keys of one JSON document */
    HT_LIMIT_DOCUMENT = 256 * 1024 * 1024,  /* bytes of a node, recording or report that is read */
    HT_LIMIT_OBJECT = 16 * 1024 * 1024,     /* bytes of one object in a stream of them */
    HT_LIMIT_OBJECT_VALUES = 200000,        /* values and keys of one, aliases counted */
    HT_LIMIT_YAML = 1024 * 1024,            /* bytes of a view, a fact table, a configuration */
    HT_LIMIT_ALLOWED = 1000,                /* exceptions in a configuration file */
    HT_LIMIT_YAML_NODES = 100000,           /* nodes of one YAML document, aliases counted */
    HT_LIMIT_ROW = 8 * 1024 * 1024,         /* bytes of one row */
    HT_LIMIT_ROWS = 200000,                 /* rows of one table */
    HT_LIMIT_ITEMS = 100000,                /* items of one array or map in a row */
    HT_LIMIT_POD_ITEMS = 10000,             /* containers, volumes, ports of one pod */
    HT_LIMIT_FILE = 8 * 1024 * 1024,        /* bytes of a small host file */
    HT_LIMIT_PROC_FILE = 1024 * 1024,       /* bytes of a file below /proc/PID */
    HT_LIMIT_MOUNTINFO = 8 * 1024 * 1024,   /* bytes of a mountinfo (15,000 lines exist) */
    HT_LIMIT_ARGV = 256,                    /* arguments kept of a command line */
    HT_LIMIT_ARG = 4096,                    /* bytes kept of one argument */
    HT_LIMIT_EVENTS = 10000,                /* events kept */
    HT_LIMIT_QUEUE = 4096,                  /* events waiting between a source and the engine */
    HT_LIMIT_SUBJECTS = 100,                /* subjects listed in one finding of a report */
    HT_LIMIT_HELPERS = 3,                   /* helpers given up before the ability is off */
    HT_LIMIT_CODE_FILE = 256 * 1024 * 1024, /* bytes of a program that are read to compare it */
    HT_LIMIT_BOLT_PAGE = 64 * 1024 * 1024,  /* bytes of a database page with its overflow */
    HT_LIMIT_BOLT_PAGES = 16 * 1024 * 1024, /* pages of a database: 64 GiB */
    HT_LIMIT_WAL_RECORD = 16 * 1024 * 1024, /* bytes of a record of a write-ahead log */
};

/* Compressed files, package lists. */
enum {
    HT_LIMIT_UNPACKED = 1024 * 1024 * 1024,  /* bytes of one compressed file when unpacked */
    HT_LIMIT_UNPACK_RATIO = 250,             /* times its size that a compressed file may become */
    HT_LIMIT_UNPACK_FREE = 16 * 1024 * 1024, /* bytes before that ratio is looked at */
    HT_LIMIT_STANZA = 4 * 1024 * 1024,       /* bytes of one package's entry in a list */
    HT_LIMIT_DEB_CONFIG = 20000,             /* settings, or pins, of a package manager */
    HT_LIMIT_DEB_SOURCES = 4096,             /* archives, and lists of one archive */
    HT_LIMIT_DEB_VERSIONS = 5000,            /* versions of one package in all lists */
    HT_LIMIT_DEB_TEXT = 64 * 1024,           /* bytes of a package's name or version */
    HT_LIMIT_DEB_ARENA = 64 * 1024 * 1024,   /* bytes kept of all package lists */
    HT_LIMIT_RPM_DATABASE = 1024 * 1024 * 1024, /* bytes of RPM's database that are copied */
};

#endif
