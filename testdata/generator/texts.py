"""What people write on such a platform, in the languages of its users.

`{who}` is another person, `{firm}` an employer or school, `{n}` a number.
"""

FIRMS = [
    "Northwind Robotics", "Hanbit Bio", "한빛바이오", "青空システムズ", "Kawanami Foods", "Ferro & Sons", "Lumen AG", "Océane Santé",
    "R&D Partners", "Universität Lindenau", "شركة الأفق", "C++ Guild", "St. Brigid’s Hospital", "Tidewater <Labs>", "Årdal Energi",
]

SESSIONS = {
    "en": ["Mock interview with {who}", "Career chat: {who}", "Résumé review with {who} – round {n}", "System design practice, {who}",
           "Salary negotiation role-play ({who})", "Weekly check-in #{n}", "Q&A: working at {firm}", "Portfolio critique \"no mercy\" w/ {who}"],
    "ko": ["{who} 멘토와 모의 면접", "커리어 상담: {who}", "이력서 첨삭 {n}회차", "{firm} 현직자와의 대화", "자기소개서 피드백 – {who} 님", "주간 점검 #{n}"],
    "ja": ["{who}さんとの模擬面接", "キャリア相談（{who}さん）", "職務経歴書レビュー第{n}回", "{firm}のOB・OG訪問", "ポートフォリオ講評 🎨", "週次ふりかえり #{n}"],
    "ar": ["مقابلة تجريبية مع {who}", "جلسة إرشاد مهني: {who}", "مراجعة السيرة الذاتية (\u200e{n}\u200f)", "\u202bحوار مع موظفي {firm}\u202c"],
    "de": ["Probegespräch mit {who}", "Karriereberatung: {who}", "Lebenslauf-Durchsicht Nr. {n}", "Kaffee mit {firm} ☕"],
    "fr": ["Entretien blanc avec {who}", "Relecture de CV nº {n}", "Échange : travailler chez {firm}", "Point hebdomadaire – {who}"],
    "pt": ["Entrevista simulada com {who}", "Revisão de currículo nº {n}", "Conversa sobre a {firm}"],
}

TASKS = {
    "en": ["Rewrite the summary of your résumé", "Solve {n} graph problems", "Ask {who} for a reference", "Read chapter {n} of “The Pragmatic Job Search”",
           "Record a 2-minute pitch 🎤", "Update LinkedIn headline", "Research {firm}", "Thank-you note to {who}", "Finish module {n}: SQL joins", "[draft] Cover letter for {firm}"],
    "ko": ["이력서 요약문 다시 쓰기", "알고리즘 문제 {n}개 풀기", "{who} 님께 추천서 부탁하기", "{firm} 기업 조사", "1분 자기소개 녹화 🎥", "포트폴리오 {n}쪽 정리", "면접 예상 질문 {n}개 준비"],
    "ja": ["職務要約を書き直す", "アルゴリズム問題を{n}問解く", "{who}さんに推薦状をお願いする", "{firm}の企業研究", "自己PR動画を撮る🎬", "第{n}章を読む", "お礼メールを送る（{who}さん）"],
    "ar": ["إعادة كتابة ملخص السيرة الذاتية", "حل {n} مسائل خوارزمية", "طلب توصية من {who}", "البحث عن \u200e{firm}\u200f قبل المقابلة"],
    "de": ["Kurzprofil überarbeiten", "{n} Übungsaufgaben lösen", "Unterlagen für {firm} prüfen", "{who} um ein Zeugnis bitten"],
    "fr": ["Réécrire l’accroche du CV", "Résoudre {n} exercices", "Se renseigner sur {firm}", "Remercier {who}"],
    "pt": ["Reescrever o resumo do currículo", "Resolver {n} exercícios", "Pesquisar a {firm}", "Pedir referência a {who}"],
}

DEADLINES = {
    "en": ["Apply: {firm} – graduate programme", "{firm} internship closes", "Scholarship form ({firm})", "Send transcript to {firm}", "Visa documents, batch {n}"],
    "ko": ["{firm} 상반기 공채 지원 마감", "{firm} 인턴 서류 제출", "장학금 신청 마감 ({n}차)", "{firm} 코딩 테스트 응시 마감"],
    "ja": ["{firm} エントリーシート締切", "{firm} インターン応募〆切", "奨学金申請の締め切り（第{n}期）", "{firm} 適性検査の受検期限"],
    "ar": ["آخر موعد للتقديم: {firm}", "إغلاق باب المنح (الدفعة {n})", "تسليم وثائق {firm}"],
    "de": ["Bewerbungsschluss {firm}", "Stipendium: Frist {n}", "Unterlagen an {firm} senden"],
    "fr": ["Clôture des candidatures : {firm}", "Dossier de bourse nº {n}", "Envoyer le relevé de notes à {firm}"],
    "pt": ["Inscrição: {firm}", "Bolsa de estudos – prazo {n}", "Enviar histórico à {firm}"],
}

NOTES = {
    "en": ["Please bring two questions.", "We will go through the job advert line by line.", "Slides: see the platform’s page.",
           "If you can’t make it, move it – don’t cancel.", "Agenda:\n- warm-up\n- main part\n- what next?", "Feedback from last time: slow down. 🙂"],
    "ko": ["질문 두 가지를 준비해 주세요.", "채용 공고를 함께 읽어 보겠습니다.", "참석이 어려우면 취소하지 말고 일정을 옮겨 주세요.", "순서:\n1. 인사\n2. 본론\n3. 다음 할 일", "지난번 피드백: 조금 더 천천히 🙂"],
    "ja": ["質問を二つ用意してきてください。", "求人票を一緒に読みます。", "都合が悪い場合は、取り消さずに日程を変更してください。", "流れ：\n・自己紹介\n・本題\n・次回まで", "前回の講評：もう少しゆっくり話しましょう。"],
    "ar": ["يرجى إعداد سؤالين.", "سنقرأ إعلان الوظيفة معًا سطرًا سطرًا.", "\u200fالملفات على صفحة المنصة (PDF)\u200e.", "إن تعذر الحضور فانقل الموعد ولا تلغه."],
    "de": ["Bitte zwei Fragen mitbringen.", "Wir gehen die Ausschreibung Zeile für Zeile durch.", "Ablauf:\n– Einstieg\n– Hauptteil\n– Nächste Schritte"],
    "fr": ["Merci de préparer deux questions.", "Nous relirons l’annonce ligne par ligne.", "En cas d’empêchement, déplacez le rendez-vous au lieu de l’annuler."],
    "pt": ["Traga duas perguntas.", "Vamos ler a vaga linha por linha.", "Se não puder vir, remarque em vez de cancelar."],
}

POOLS = {"session": SESSIONS, "task": TASKS, "deadline": DEADLINES}


def title(dice, kind, language, who):
    text = dice.pick(POOLS[kind].get(language, POOLS[kind]["en"]))
    return text.format(who=who, firm=dice.pick(FIRMS), n=dice.between(2, 12))


def description(dice, language):
    notes = NOTES.get(language, NOTES["en"])
    return "\n".join(dice.pick_many(notes, dice.between(1, min(3, len(notes)))))


def of_length(text, length):
    """`text` again and again, cut to exactly `length` characters, none of them blank at the end."""
    long = (text * (length // len(text) + 1))[:length]
    return long if not long[-1].isspace() else long[:-1] + "."
