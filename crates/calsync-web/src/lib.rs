//! calsync-web
