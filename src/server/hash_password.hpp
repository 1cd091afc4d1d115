// `offhookd --hash-password`: what to put into the configuration so that the console is on.
#pragma once

namespace offhook::server {

// Reads a password from stdin, twice and unseen if that is a terminal, and prints the lines for the file. Gives the exit code.
int hash_password();

}  // namespace offhook::server
