//! Methods of a `Deserializer` without their signatures. Each reader lists them as in a `match`:
//! the names of methods, and what they do.
//!
//! The signatures use the `Visitor` and the `ReadError` of the reader's file.

/// Methods that need only the reader and the visitor.
macro_rules! methods {
    ($self:ident, $visitor:ident: $($($method:ident)+ => $body:expr;)+) => {$($(
        methods! { @$method($self, $visitor) $body }
    )+)+};
    (@deserialize_newtype_struct($self:ident, $visitor:ident) $body:expr) => {
        fn deserialize_newtype_struct<V: Visitor<'de>>(
            $self,
            _: &'static str,
            $visitor: V,
        ) -> Result<V::Value, ReadError> {
            $body
        }
    };
    (@deserialize_unit_struct($self:ident, $visitor:ident) $body:expr) => {
        fn deserialize_unit_struct<V: Visitor<'de>>(
            $self,
            _: &'static str,
            $visitor: V,
        ) -> Result<V::Value, ReadError> {
            $body
        }
    };
    (@deserialize_tuple($self:ident, $visitor:ident) $body:expr) => {
        fn deserialize_tuple<V: Visitor<'de>>(
            $self,
            _: usize,
            $visitor: V,
        ) -> Result<V::Value, ReadError> {
            $body
        }
    };
    (@deserialize_tuple_struct($self:ident, $visitor:ident) $body:expr) => {
        fn deserialize_tuple_struct<V: Visitor<'de>>(
            $self,
            _: &'static str,
            _: usize,
            $visitor: V,
        ) -> Result<V::Value, ReadError> {
            $body
        }
    };
    (@deserialize_struct($self:ident, $visitor:ident) $body:expr) => {
        fn deserialize_struct<V: Visitor<'de>>(
            $self,
            _: &'static str,
            _: &'static [&'static str],
            $visitor: V,
        ) -> Result<V::Value, ReadError> {
            $body
        }
    };
    (@$method:ident($self:ident, $visitor:ident) $body:expr) => {
        fn $method<V: Visitor<'de>>($self, $visitor: V) -> Result<V::Value, ReadError> {
            $body
        }
    };
}

/// Methods that call the same method of another reader. If it says `about`, an error quotes this
/// text.
macro_rules! forward {
    ($self:ident => $target:expr; $($method:ident)+) => {$(
        forward! { @$method($self) $target }
    )+};
    ($self:ident => $target:expr, about $text:expr; $($method:ident)+) => {$(
        forward! { @$method($self) $target, $text }
    )+};
    (@deserialize_unit_struct($self:ident) $target:expr $(, $text:expr)?) => {
        fn deserialize_unit_struct<V: Visitor<'de>>(
            $self,
            name: &'static str,
            visitor: V,
        ) -> Result<V::Value, ReadError> {
            $target
                .deserialize_unit_struct(name, visitor)
                $(.map_err(|error| error.about($text)))?
        }
    };
    (@deserialize_struct($self:ident) $target:expr $(, $text:expr)?) => {
        fn deserialize_struct<V: Visitor<'de>>(
            $self,
            name: &'static str,
            fields: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, ReadError> {
            $target
                .deserialize_struct(name, fields, visitor)
                $(.map_err(|error| error.about($text)))?
        }
    };
    (@deserialize_enum($self:ident) $target:expr $(, $text:expr)?) => {
        fn deserialize_enum<V: Visitor<'de>>(
            $self,
            name: &'static str,
            variants: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, ReadError> {
            $target
                .deserialize_enum(name, variants, visitor)
                $(.map_err(|error| error.about($text)))?
        }
    };
    (@$method:ident($self:ident) $target:expr $(, $text:expr)?) => {
        fn $method<V: Visitor<'de>>($self, visitor: V) -> Result<V::Value, ReadError> {
            $target
                .$method(visitor)
                $(.map_err(|error| error.about($text)))?
        }
    };
}

pub(super) use {forward, methods};
