// Whoever is sent here from `#/jobs/12` comes back to it: a browser carries the fragment over redirects, but not from
// this page into the form's address.
document.getElementById("login").action = `/login${location.hash}`;
