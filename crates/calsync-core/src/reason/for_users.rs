//! What each reason says to the user, and what they can do, in every language. A reason without a
//! line here doesn't compile.
//!
//! What the engine does and what admins read stands in [`super::table`].

use super::Reason;
use super::info::Actor;
use crate::language::Text;

macro_rules! sentences {
    ($($reason:ident: $english:literal, $japanese:literal, $korean:literal;)+) => {
        /// What happened, or why something is as it is.
        pub(super) const fn sentence(reason: Reason) -> Text {
            match reason { $(Reason::$reason => Text::new($english, $japanese, $korean),)+ }
        }
    };
}

sentences! {
    // The grant and what opens it.
    GrantRevoked:
        "Our access to your Google Calendar was ended.",
        "Google カレンダーへのアクセス許可が取り消されました。",
        "Google 캘린더에 대한 접근 권한이 해제되었습니다.";
    GrantExpired:
        "Our access to your Google Calendar has run out.",
        "Google カレンダーへのアクセス許可の有効期限が切れました。",
        "Google 캘린더에 대한 접근 권한이 만료되었습니다.";
    GrantUnknown:
        "Google has ended our access to your calendar.",
        "Google により、カレンダーへのアクセスが終了しました。",
        "Google에서 캘린더에 대한 접근을 종료했습니다.";
    GrantInDoubt:
        "Google doesn't confirm our access at the moment; sync goes on as soon as it does.",
        "現在、Google で当サービスのアクセスを確認できません。確認でき次第、同期を再開します。",
        "현재 Google에서 저희 서비스의 접근을 확인해 주지 않고 있습니다. 확인되는 대로 동기화를 다시 시작합니다.";
    ScopeMissing:
        "We may not write to your calendar: a permission is missing.",
        "必要な権限が足りないため、カレンダーに書き込めません。",
        "필요한 권한이 없어 캘린더에 기록할 수 없습니다.";
    ClientInvalid:
        "Google doesn't accept our service at the moment; your connection is fine.",
        "現在、Google が当サービスを受け付けていません。接続そのものに問題はありません。",
        "현재 Google에서 저희 서비스를 받아들이지 않고 있습니다. 연결 자체에는 문제가 없습니다.";
    TokenUnreadable:
        "Your connection to Google Calendar can't be used any more.",
        "Google カレンダーとの接続が使えなくなりました。",
        "Google 캘린더 연결을 더 이상 사용할 수 없습니다.";

    // Quotas and switches of the Google Cloud project and of accounts.
    ApiDisabled:
        "Sync is interrupted on our side; nothing is lost.",
        "当サービス側の都合で同期が中断しています。データは失われません。",
        "저희 쪽 문제로 동기화가 중단되었습니다. 데이터는 손실되지 않습니다.";
    ProjectQuota:
        "Many changes at once: the rest follow within minutes.",
        "変更が集中しています。残りは数分以内に反映されます。",
        "변경이 한꺼번에 몰려 있습니다. 나머지는 몇 분 안에 반영됩니다.";
    DailyLimit:
        "Sync is slower today; nothing is lost.",
        "本日は同期に時間がかかっています。データは失われません。",
        "오늘은 동기화가 느립니다. 데이터는 손실되지 않습니다.";
    UserRate:
        "Many changes at once: the rest follow within minutes.",
        "変更が集中しています。残りは数分以内に反映されます。",
        "변경이 한꺼번에 몰려 있습니다. 나머지는 몇 분 안에 반영됩니다.";
    UserQuota:
        "Your Google account has reached a limit of Google's for some hours.",
        "お使いの Google アカウントが Google の利用上限に達しました。数時間お待ちください。",
        "사용 중인 Google 계정이 Google의 사용 한도에 도달했습니다. 몇 시간 동안 제한됩니다.";

    // The calendar and what is in it.
    CalendarGone:
        "The calendar that we sync to is gone.",
        "同期先のカレンダーが見つかりません。",
        "동기화하던 캘린더를 찾을 수 없습니다.";
    CalendarReadOnly:
        "We may only read the calendar that you chose.",
        "選択したカレンダーは閲覧のみ可能で、書き込めません。",
        "선택하신 캘린더는 읽기만 가능하고 기록할 수 없습니다.";
    ItemRefused:
        "Google doesn't accept this entry.",
        "この予定は Google に受け付けられませんでした。",
        "Google에서 이 항목을 받아들이지 않았습니다.";
    NoProgress:
        "Google doesn't take over our changes to this entry.",
        "この予定の変更が Google に反映されません。",
        "이 항목의 변경 사항이 Google에 반영되지 않습니다.";
    LeftBehind:
        "An entry is left in the calendar that you used before: we could not remove it.",
        "以前のカレンダーに予定が残っています。当方では削除できませんでした。",
        "이전에 사용하시던 캘린더에 일정이 남아 있습니다. 저희가 삭제할 수 없었습니다.";
    ItemGone:
        "This entry is not in your calendar any more.",
        "この予定はカレンダーにありません。",
        "이 항목은 더 이상 캘린더에 없습니다.";
    Conflict:
        "You and the platform changed this entry at the same time.",
        "この予定は、カレンダーと元のサービスの両方で同時に変更されました。",
        "이 항목이 캘린더와 서비스에서 동시에 변경되었습니다.";
    SyncTokenExpired:
        "Your calendar is being read again.",
        "カレンダーを読み込み直しています。",
        "캘린더를 다시 읽고 있습니다.";
    ChannelLost:
        "Changes that you make in Google may take some minutes longer.",
        "Google での変更の反映に、数分ほど余計に時間がかかることがあります。",
        "Google에서 변경하신 내용이 반영되기까지 몇 분 더 걸릴 수 있습니다.";

    // Transient failures: retried with backoff.
    GoogleUnavailable:
        "Google is having trouble; we keep trying.",
        "Google 側で障害が起きています。自動的に再試行します。",
        "Google에 문제가 발생했습니다. 자동으로 다시 시도합니다.";
    GoogleSlow:
        "Google is slow to answer; we keep trying.",
        "Google の応答に時間がかかっています。自動的に再試行します。",
        "Google의 응답이 늦어지고 있습니다. 자동으로 다시 시도합니다.";
    Network:
        "Google can't be reached at the moment; we keep trying.",
        "現在 Google に接続できません。自動的に再試行します。",
        "현재 Google에 연결할 수 없습니다. 자동으로 다시 시도합니다.";
    AnswerGarbled:
        "Google's answer could not be read; we keep trying.",
        "Google からの応答を読み取れませんでした。自動的に再試行します。",
        "Google의 응답을 읽지 못했습니다. 자동으로 다시 시도합니다.";
    ServiceFault:
        "Something went wrong on our side; we keep trying.",
        "当サービスで問題が発生しました。自動的に再試行します。",
        "저희 쪽에서 문제가 발생했습니다. 자동으로 다시 시도합니다.";

    // What waits by our own rules.
    HeldForApproval:
        "A large change waits for a check.",
        "大きな変更のため、確認が終わるまで保留されています。",
        "큰 변경이어서 확인이 끝날 때까지 보류되어 있습니다.";
    Paused:
        "Sync is paused; nothing is lost.",
        "同期は一時停止中です。データは失われません。",
        "동기화가 일시 중지되었습니다. 데이터는 손실되지 않습니다.";
    WaitingTurn:
        "In the queue.",
        "順番を待っています。",
        "순서를 기다리고 있습니다.";

    // Why an item is not in a calendar though nothing failed.
    NotConnected:
        "Google Calendar is not connected.",
        "Google カレンダーは接続されていません。",
        "Google 캘린더가 연결되어 있지 않습니다.";
    NeverReceived:
        "We don't know this entry.",
        "この予定は登録されていません。",
        "등록되지 않은 항목입니다.";
    RefusedByUs:
        "This entry could not be taken over.",
        "この予定は取り込めませんでした。",
        "이 항목을 가져올 수 없었습니다.";
    NotAddressed:
        "This entry isn't addressed to you.",
        "この予定はあなた宛てではありません。",
        "이 항목은 회원님에게 배정된 것이 아닙니다.";
    KindOff:
        "You turned this kind of entry off.",
        "この種類の予定は、設定でオフになっています。",
        "이 종류의 항목은 설정에서 꺼져 있습니다.";
    TooOld:
        "This entry is too old to be sent.",
        "この予定は古いため、カレンダーには送られません。",
        "이 항목은 오래되어 캘린더로 보내지 않습니다.";
    RemovedByUser:
        "You removed this entry from your calendar.",
        "この予定は、カレンダーから削除されています。",
        "이 항목은 캘린더에서 직접 삭제하셨습니다.";
    Cancelled:
        "This entry was called off.",
        "この予定は取り消されました。",
        "이 항목은 취소되었습니다.";

    // How a try to connect can fail.
    ConsentDenied:
        "You said no at Google, so nothing was connected.",
        "Google で許可されなかったため、接続していません。",
        "Google에서 허용하지 않으셔서 연결되지 않았습니다.";
    ConsentPartial:
        "You agreed to a part of what sync needs.",
        "同期に必要な権限の一部だけが許可されました。",
        "동기화에 필요한 권한 중 일부만 허용하셨습니다.";
    OrgBlocksApp:
        "Your organisation doesn't let this app use Google Calendar.",
        "所属する組織の設定により、このアプリは Google カレンダーを利用できません。",
        "소속 조직의 설정에 따라 이 앱은 Google 캘린더를 사용할 수 없습니다.";
    LinkExpired:
        "This link has expired or was already used.",
        "このリンクは使用済みか、有効期限が切れています。",
        "이미 사용했거나 만료된 링크입니다.";
    OtherAccount:
        "This is another Google account than before.",
        "以前とは異なる Google アカウントです。",
        "이전과 다른 Google 계정입니다.";

    Unknown:
        "Something went wrong; we keep trying.",
        "問題が発生しました。自動的に再試行します。",
        "문제가 발생했습니다. 자동으로 다시 시도합니다.";
}

const NOTHING: Text = Text::new(
    "Nothing to do: it mends itself.",
    "何もする必要はありません。自動的に解消します。",
    "따로 하실 일은 없습니다. 자동으로 해결됩니다.",
);
const WE_DO: Text = Text::new(
    "Nothing for you to do: we look after it.",
    "お客様に行っていただくことはありません。当方で対応します。",
    "따로 하실 일은 없습니다. 저희가 처리합니다.",
);
const CONNECT: Text = Text::new(
    "Connect Google Calendar.",
    "Google カレンダーを接続してください。",
    "Google 캘린더를 연결해 주세요.",
);
const CONNECT_AGAIN: Text = Text::new(
    "Connect Google Calendar again.",
    "Google カレンダーをもう一度接続してください。",
    "Google 캘린더를 다시 연결해 주세요.",
);
const TICK_EVERY_BOX: Text = Text::new(
    "Connect again and tick every box.",
    "もう一度接続し、すべての項目にチェックを入れてください。",
    "다시 연결하면서 모든 항목을 선택해 주세요.",
);
const CHOOSE_ANOTHER: Text = Text::new(
    "Choose a calendar that you may change.",
    "変更権限のある別のカレンダーを選んでください。",
    "변경 권한이 있는 다른 캘린더를 선택해 주세요.",
);
const REMOVE_BY_HAND: Text = Text::new(
    "Remove it there by hand.",
    "以前のカレンダーから手動で削除してください。",
    "이전 캘린더에서 직접 삭제해 주세요.",
);
const TURN_ON: Text =
    Text::new("Turn it on in the settings.", "設定でオンにしてください。", "설정에서 켜 주세요.");
const ASK_ADMINISTRATOR: Text = Text::new(
    "Ask your administrator to allow the app.",
    "管理者に、このアプリの許可を依頼してください。",
    "관리자에게 이 앱을 허용해 달라고 요청해 주세요.",
);
const ASK_FOR_A_LINK: Text =
    Text::new("Ask for a new link.", "新しいリンクを発行してください。", "새 링크를 요청해 주세요.");
const CHOOSE_ACCOUNT: Text = Text::new(
    "Choose which account to use.",
    "使用するアカウントを選んでください。",
    "사용할 계정을 선택해 주세요.",
);

/// What the user does next. They are never told to do what only others can.
pub(super) const fn next_step(reason: Reason) -> Text {
    match reason.info().next_step.who {
        Actor::Nobody => NOTHING,
        Actor::Support | Actor::Operator => WE_DO,
        Actor::User => match reason {
            Reason::ScopeMissing | Reason::ConsentPartial => TICK_EVERY_BOX,
            Reason::CalendarGone | Reason::CalendarReadOnly => CHOOSE_ANOTHER,
            Reason::LeftBehind => REMOVE_BY_HAND,
            Reason::KindOff => TURN_ON,
            Reason::OrgBlocksApp => ASK_ADMINISTRATOR,
            Reason::LinkExpired => ASK_FOR_A_LINK,
            Reason::OtherAccount => CHOOSE_ACCOUNT,
            Reason::NotConnected | Reason::ConsentDenied => CONNECT,
            _ => CONNECT_AGAIN,
        },
    }
}
