const list = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/));

/** The most frequent words of each language; elided forms are listed without their apostrophe. */
export const FREQUENT_WORDS = {
  en: list(`the of and to a in is it you that he was for on are with as his they be at this have from or had
    by but not what all were we when your can said there use an each which she do how their if will up about
    out many then them these so some her would make like him into has look more my no yes than been who its
    now did get come may i me hello hi thanks thank please sorry good very just only our us should could
    because here where don`),
  fr: list(`le la les de des du un une et est en que qui dans pour pas sur plus par au aux avec ce cette ces
    son sa ses il elle ils elles nous vous je tu on ne se mais ou où donc car si très bien fait faire être
    avoir sont ont été peut comme tout tous aussi leur leurs votre notre mon ma mes ton oui non bonjour
    merci voici voilà quel quelle d l qu c j n s désolé salut chez sans sous entre aujourd hui à a me te y
    était ici quand encore après puis or as alors jamais toujours peu`),
  de: list(`der die das und ist in zu den mit von für auf im nicht ein eine einen einem einer eines es ich
    du er sie wir ihr sich dem des auch als an bei nach wie aus wenn aber oder so man noch nur kann können
    wird werden sind war hat haben habe sein ihre ihren mein dein durch über um zum zur vor am bis sehr hier
    gut ja nein hallo danke bitte gern gerne heute morgen was wo wer dass weil mehr keine kein guten tag her
    will hatte dann da dort immer alle alles ab ans ins uns unser zwei`),
  es: list(`el la los las de del y que en un una unos unas es por con para no se lo al como más pero sus su
    le ya o este esta estos estas sí porque entre cuando muy sin sobre también me hasta hay donde quien
    desde todo nos durante todos uno les ni contra otros ese eso ante ellos e esto mí antes algunos qué yo
    otro son está están puede hola gracias buenos días usted tú mi tu ser tiene a era después primero he has
    te os así aquí ahora bien cómo poco mucho otra día tan`),
  it: list(`il lo la i gli le di del della dei delle dello e è che in un una uno per con non si su come più
    ma anche da dal dalla al alla nel nella sono ha ho hanno essere questo questa questi queste quello io tu
    lui lei noi voi loro se o quando dove chi perché molto bene tutto tutti ci mi ti suo sua mio mia sì no
    ciao grazie prego buongiorno oggi l dell all nell può fare ogni così a me te era poi allora sempre qui
    lì mai ancora poco dopo prima due cosa alle agli`),
  pt: list(`o a os as de do da dos das e que em um uma no na nos nas por com para não se mais como mas foi
    ao ele ela eles elas seu sua ou ser quando muito há já está estão eu também só pelo pela até isso isto
    entre era depois sem mesmo aos ter seus quem me esse essa você tem são sim olá obrigado obrigada bom dia
    à às é pode meu minha te bem aqui agora sempre nunca outro outra pouco muita dois duas todos tudo`),
  nl: list(`de het een en van in is dat op te zijn met voor niet aan er om ook als dan maar door over bij
    hij zij ze wij we ik je jij u uw hun haar deze dit die naar uit nog wel geen meer kan kunnen heeft
    hebben had was werd wordt worden zo hier daar waar wat wie hoe omdat want of tot mijn jouw goed graag ja
    nee hallo dank bedankt vandaag heel veel al me nu hem ons onze twee zeer altijd nooit alles eens mag
    moet zou`),
} as const;

/** Frequent characters that Japanese does not use: pronouns, particles and simplified forms. */
export const CHINESE_ONLY: ReadonlySet<string> = new Set(
  '你妳您她它们們这這哪吗嗎呢吧么麼很啊谁说說沒还给从從对對为让讓过个來时间问见现开关關东长门國书车电话语谢请欢歡爱买卖賣钱錢饭吃怎气热样两几边头应该难听写读觉处务动员别单双汉红绿蓝鱼鸟马远运进钟银铁岁师带线业产乐厅园图块坏场备够妈宝实宁层庆张归录忆怀总惊愿战报担护换',
);

/** Frequent characters that Chinese does not use: those made in Japan, and Japan's own simplified forms. */
export const JAPANESE_ONLY: ReadonlySet<string> = new Set(
  '々円駅図楽気広沢浜渋働込畑峠辻枠栃匂戻択売読経済県対権発歩変竜亜桜',
);
