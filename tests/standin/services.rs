//! The gRPC services of a node: Streams, Gossip and ServerFeatures.

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::append;
use super::append::now_ticks;
use super::cluster::{Needs, Node, needs};
use super::faults::Call;
use super::log::Direction;
use super::proto;
use super::proto::gossip::gossip_server::Gossip;
use super::proto::gossip::member_info::VNodeState;
use super::proto::gossip::{ClusterInfo, EndPoint, MemberInfo};
use super::proto::server_features::server_features_server::ServerFeatures;
use super::proto::server_features::{SupportedMethod, SupportedMethods};
use super::proto::streams::read_req::Options;
use super::proto::streams::read_req::options::filter_options::Window;
use super::proto::streams::read_req::options::stream_options::RevisionOption;
use super::proto::streams::read_req::options::uuid_option::Content as IdForm;
use super::proto::streams::read_req::options::{
    AllOptions, CountOption, FilterOption, ReadDirection, StreamOption, StreamOptions,
};
use super::proto::streams::streams_server::Streams;
use super::proto::streams::{AppendReq, AppendResp, BatchAppendReq, ReadReq, ReadResp};
use super::read::{AllRead, Filter, From, Ids, Out, StreamRead};
use super::session;
use super::status;
use super::subscribe::Subscription;

/// At most this many messages wait for one client; the client's own window holds more.
const ON_THE_WAY_MAX: usize = 64;

#[tonic::async_trait]
impl Streams for Node {
    type ReadStream = ReceiverStream<Result<ReadResp, Status>>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Self::ReadStream>, Status> {
        self.authenticate(request.metadata())?;
        let needs = needs(request.metadata(), Needs::Nothing);
        let options = request.into_inner().options.ok_or_else(status::broken_request)?;
        let ids = match options.uuid_option.and_then(|option| option.content) {
            Some(IdForm::String(())) => Ids::Text,
            _ => Ids::Halves,
        };
        match (&options.stream_option, options.count_option) {
            (Some(StreamOption::Stream(stream)), Some(CountOption::Count(count))) => {
                self.read_stream(stream, count, ids, &options, needs).await
            }
            (Some(StreamOption::All(all)), Some(CountOption::Count(count))) => {
                self.read_all(*all, count, ids, &options, needs).await
            }
            (Some(StreamOption::All(all)), Some(CountOption::Subscription(_))) => {
                self.subscribe(*all, ids, &options, needs).await
            }
            _ => Err(Status::unimplemented("the stand-in subscribes to $all only")),
        }
    }

    async fn append(
        &self,
        request: Request<Streaming<AppendReq>>,
    ) -> Result<Response<AppendResp>, Status> {
        append::append(self, request).await
    }

    type BatchAppendStream = session::Answers;

    async fn batch_append(
        &self,
        request: Request<Streaming<BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        session::batch_append(self, request).await
    }
}

type Answer = Result<Response<ReceiverStream<Result<ReadResp, Status>>>, Status>;

impl Node {
    async fn read_stream(
        &self,
        asked: &StreamOptions,
        count: u64,
        ids: Ids,
        options: &Options,
        needs: Needs,
    ) -> Answer {
        let name = asked.stream_identifier.as_ref().ok_or_else(status::broken_request)?;
        let stream = String::from_utf8_lossy(&name.stream_name).into_owned();
        let fault = self.meet(Call::ReadStream, &stream).await?;
        self.lead(needs)?;
        let from = match asked.revision_option {
            Some(RevisionOption::Revision(revision)) => revision,
            Some(RevisionOption::End(())) => u64::MAX,
            _ => 0,
        };
        let read = StreamRead {
            stream,
            from,
            direction: direction(options),
            count: usize::try_from(count).unwrap_or(usize::MAX),
            ids,
            compatibility: options.control_option.map_or(0, |control| control.compatibility),
        };
        let (sender, receiver) = mpsc::channel(ON_THE_WAY_MAX);
        let node = self.clone();
        tokio::spawn(async move {
            // The client has been told how the read ended.
            _ = read.run(&node, &mut Out::new(sender, fault)).await;
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn read_all(
        &self,
        asked: AllOptions,
        count: u64,
        ids: Ids,
        options: &Options,
        needs: Needs,
    ) -> Answer {
        let fault = self.meet(Call::ReadAll, "$all").await?;
        self.lead(needs)?;
        let read = AllRead {
            from: From::parse(asked.all_option)?,
            direction: direction(options),
            count: usize::try_from(count).unwrap_or(usize::MAX),
            filter: parse_filter(options)?,
            ids,
        };
        let (sender, receiver) = mpsc::channel(ON_THE_WAY_MAX);
        let node = self.clone();
        tokio::spawn(async move {
            // The client has been told how the read ended.
            _ = read.run(&node, &mut Out::new(sender, fault)).await;
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn subscribe(
        &self,
        asked: AllOptions,
        ids: Ids,
        options: &Options,
        needs: Needs,
    ) -> Answer {
        let fault = self.meet(Call::Subscribe, "$all").await?;
        let (window, multiplier) = match &options.filter_option {
            Some(FilterOption::Filter(filter)) => {
                (filter.window, filter.checkpoint_interval_multiplier)
            }
            _ => (None, 1),
        };
        let subscription = Subscription {
            node: self.clone(),
            from: From::parse(asked.all_option)?,
            filter: parse_filter(options)?,
            window: match window {
                Some(Window::Max(max)) => Some(max),
                _ => None,
            },
            multiplier,
            ids,
            needs,
            fault,
        };
        let (sender, receiver) = mpsc::channel(ON_THE_WAY_MAX);
        tokio::spawn(subscription.run(Out::new(sender, fault)));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

fn direction(options: &Options) -> Direction {
    match options.read_direction == ReadDirection::Backwards as i32 {
        true => Direction::Backwards,
        false => Direction::Forwards,
    }
}

fn parse_filter(options: &Options) -> Result<Option<Filter>, Status> {
    match &options.filter_option {
        Some(FilterOption::Filter(filter)) => Filter::parse(filter).map(Some),
        _ => Ok(None),
    }
}

#[tonic::async_trait]
impl Gossip for Node {
    async fn read(&self, _request: Request<()>) -> Result<Response<ClusterInfo>, Status> {
        self.meet(Call::Gossip, "").await?;
        let leader = self.cluster.leadership.borrow().leader;
        let alive = self.cluster.alive().clone();
        let members = self.cluster.addresses.iter().zip(alive).enumerate();
        let members = members.map(|(index, (address, is_alive))| {
            let state = match leader {
                None => VNodeState::Unknown,
                Some(leader) if leader == index => VNodeState::Leader,
                Some(_) => VNodeState::Follower,
            };
            let id = Uuid::from_u128(u128::from(address.port())).to_string();
            MemberInfo {
                instance_id: Some(proto::Uuid { value: Some(proto::uuid::Value::String(id)) }),
                time_stamp: now_ticks(),
                state: state.into(),
                is_alive,
                http_end_point: Some(EndPoint {
                    address: address.ip().to_string(),
                    port: address.port().into(),
                }),
            }
        });
        Ok(Response::new(ClusterInfo { members: members.collect() }))
    }
}

#[tonic::async_trait]
impl ServerFeatures for Node {
    async fn get_supported_methods(
        &self,
        _request: Request<()>,
    ) -> Result<Response<SupportedMethods>, Status> {
        self.meet(Call::Features, "").await?;
        let method = |service: &str, method: &str, features: &[&str]| SupportedMethod {
            method_name: method.to_owned(),
            service_name: format!("event_store.client.{service}"),
            features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        };
        let methods = vec![
            method("streams.streams", "read", &["position", "events"]),
            method("streams.streams", "append", &[]),
            method("streams.streams", "batchappend", &["deadline_duration"]),
            method("gossip.gossip", "read", &[]),
            method("server_features.serverfeatures", "getsupportedmethods", &[]),
        ];
        let event_store_server_version = self.cluster.version().clone();
        Ok(Response::new(SupportedMethods { methods, event_store_server_version }))
    }
}
