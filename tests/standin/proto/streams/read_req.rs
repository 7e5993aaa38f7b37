//! Made by tonic-build 0.12 from the protos of the eventstore crate 4.0.0, cut to the calls of the
//! stand-in: the parts of a read request. Made again rather than edited.

#[derive(Clone, PartialEq, ::prost::Message)]
pub struct Options {
    #[prost(enumeration = "options::ReadDirection", tag = "3")]
    pub read_direction: i32,
    #[prost(bool, tag = "4")]
    pub resolve_links: bool,
    #[prost(message, optional, tag = "9")]
    pub uuid_option: ::core::option::Option<options::UuidOption>,
    #[prost(message, optional, tag = "10")]
    pub control_option: ::core::option::Option<options::ControlOption>,
    #[prost(oneof = "options::StreamOption", tags = "1, 2")]
    pub stream_option: ::core::option::Option<options::StreamOption>,
    #[prost(oneof = "options::CountOption", tags = "5, 6")]
    pub count_option: ::core::option::Option<options::CountOption>,
    #[prost(oneof = "options::FilterOption", tags = "7, 8")]
    pub filter_option: ::core::option::Option<options::FilterOption>,
}
/// Nested message and enum types in `Options`.
pub mod options {
    #[derive(Clone, PartialEq, ::prost::Message)]
    pub struct StreamOptions {
        #[prost(message, optional, tag = "1")]
        pub stream_identifier: ::core::option::Option<super::super::super::StreamIdentifier>,
        #[prost(oneof = "stream_options::RevisionOption", tags = "2, 3, 4")]
        pub revision_option: ::core::option::Option<stream_options::RevisionOption>,
    }
    /// Nested message and enum types in `StreamOptions`.
    pub mod stream_options {
        #[derive(Clone, Copy, PartialEq, ::prost::Oneof)]
        pub enum RevisionOption {
            #[prost(uint64, tag = "2")]
            Revision(u64),
            #[prost(message, tag = "3")]
            Start(()),
            #[prost(message, tag = "4")]
            End(()),
        }
    }
    #[derive(Clone, Copy, PartialEq, ::prost::Message)]
    pub struct AllOptions {
        #[prost(oneof = "all_options::AllOption", tags = "1, 2, 3")]
        pub all_option: ::core::option::Option<all_options::AllOption>,
    }
    /// Nested message and enum types in `AllOptions`.
    pub mod all_options {
        #[derive(Clone, Copy, PartialEq, ::prost::Oneof)]
        pub enum AllOption {
            #[prost(message, tag = "1")]
            Position(super::Position),
            #[prost(message, tag = "2")]
            Start(()),
            #[prost(message, tag = "3")]
            End(()),
        }
    }
    #[derive(Clone, Copy, PartialEq, ::prost::Message)]
    pub struct SubscriptionOptions {}
    #[derive(Clone, Copy, PartialEq, ::prost::Message)]
    pub struct Position {
        #[prost(uint64, tag = "1")]
        pub commit_position: u64,
        #[prost(uint64, tag = "2")]
        pub prepare_position: u64,
    }
    #[derive(Clone, PartialEq, ::prost::Message)]
    pub struct FilterOptions {
        #[prost(uint32, tag = "5")]
        pub checkpoint_interval_multiplier: u32,
        #[prost(oneof = "filter_options::Filter", tags = "1, 2")]
        pub filter: ::core::option::Option<filter_options::Filter>,
        #[prost(oneof = "filter_options::Window", tags = "3, 4")]
        pub window: ::core::option::Option<filter_options::Window>,
    }
    /// Nested message and enum types in `FilterOptions`.
    pub mod filter_options {
        #[derive(Clone, PartialEq, ::prost::Message)]
        pub struct Expression {
            #[prost(string, tag = "1")]
            pub regex: ::prost::alloc::string::String,
            #[prost(string, repeated, tag = "2")]
            pub prefix: ::prost::alloc::vec::Vec<::prost::alloc::string::String>,
        }
        #[derive(Clone, PartialEq, ::prost::Oneof)]
        pub enum Filter {
            #[prost(message, tag = "1")]
            StreamIdentifier(Expression),
            #[prost(message, tag = "2")]
            EventType(Expression),
        }
        #[derive(Clone, Copy, PartialEq, ::prost::Oneof)]
        pub enum Window {
            #[prost(uint32, tag = "3")]
            Max(u32),
            #[prost(message, tag = "4")]
            Count(()),
        }
    }
    #[derive(Clone, Copy, PartialEq, ::prost::Message)]
    pub struct UuidOption {
        #[prost(oneof = "uuid_option::Content", tags = "1, 2")]
        pub content: ::core::option::Option<uuid_option::Content>,
    }
    /// Nested message and enum types in `UUIDOption`.
    pub mod uuid_option {
        #[derive(Clone, Copy, PartialEq, ::prost::Oneof)]
        pub enum Content {
            #[prost(message, tag = "1")]
            Structured(()),
            #[prost(message, tag = "2")]
            String(()),
        }
    }
    #[derive(Clone, Copy, PartialEq, ::prost::Message)]
    pub struct ControlOption {
        #[prost(uint32, tag = "1")]
        pub compatibility: u32,
    }
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ::prost::Enumeration)]
    #[repr(i32)]
    pub enum ReadDirection {
        Forwards = 0,
        Backwards = 1,
    }
    impl ReadDirection {
        /// String value of the enum field names used in the ProtoBuf definition.
        ///
        /// The values are not transformed in any way and thus are considered stable
        /// (if the ProtoBuf definition does not change) and safe for programmatic use.
        pub fn as_str_name(&self) -> &'static str {
            match self {
                Self::Forwards => "Forwards",
                Self::Backwards => "Backwards",
            }
        }
        /// Creates an enum from field names used in the ProtoBuf definition.
        pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
            match value {
                "Forwards" => Some(Self::Forwards),
                "Backwards" => Some(Self::Backwards),
                _ => None,
            }
        }
    }
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum StreamOption {
        #[prost(message, tag = "1")]
        Stream(StreamOptions),
        #[prost(message, tag = "2")]
        All(AllOptions),
    }
    #[derive(Clone, Copy, PartialEq, ::prost::Oneof)]
    pub enum CountOption {
        #[prost(uint64, tag = "5")]
        Count(u64),
        #[prost(message, tag = "6")]
        Subscription(SubscriptionOptions),
    }
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    pub enum FilterOption {
        #[prost(message, tag = "7")]
        Filter(FilterOptions),
        #[prost(message, tag = "8")]
        NoFilter(()),
    }
}
