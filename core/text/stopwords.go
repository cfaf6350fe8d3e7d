package text

// The stop lists are those of the Snowball project, a little shortened: forms that nobody writes today are left out, since
// the lists are linked into the module.

// English: and can, just, now and will, which PostgreSQL's english.stop adds.
const stopEnglish = `
i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its
itself they them their theirs themselves what which who whom this that these those am is are was were be been being
have has had having do does did doing would should could ought
i'm you're he's she's it's we're they're i've you've we've they've i'd you'd he'd she'd we'd they'd
i'll you'll he'll she'll we'll they'll isn't aren't wasn't weren't hasn't haven't hadn't doesn't don't didn't
won't wouldn't shan't shouldn't can't cannot couldn't mustn't let's that's who's what's here's there's when's where's
why's how's
a an the and but if or because as until while of at by for with about against between into through during before after
above below to from up down in out on off over under again further then once here there when where why how all any both
each few more most other some such no nor not only own same so than too very can will just now
`

const stopGerman = `
aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus bei bin bis
bist da damit dann das dass dasselbe dazu dein deine deinem deinen deiner deines dem den denn der derer des dessen dich
die dies diese diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines einige einigem einigen
einiger einiges einmal er es etwas euch euer eure eurem euren eurer für gegen gewesen hab habe haben hat hatte hatten
hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in indem ins ist ja jede jedem jeden jeder jedes
jene jenem jenen jener jenes jetzt kann kein keine keinem keinen keiner keines können könnte machen man manche manchem
manchen mancher manches mein meine meinem meinen meiner meines mich mir mit muss musste nach nicht nichts noch nun nur
ob oder ohne sehr sein seine seinem seinen seiner seines selbst sich sie sind so solche solchem solchen solcher solches
soll sollte sondern sonst über um und uns unser unsere unserem unseren unserer unter vom von vor während war waren warst
was weg weil weiter welche welchem welchen welcher welches wenn werde werden wie wieder will wir wird wirst wo wollen
wollte wurde wurden würde würden zu zum zur zwar zwischen
`

const stopFrench = `
au aux avec ce ces cet cette ceci cela celui celle ceux celles dans de des du elle elles en et eux il ils je la le les
leur leurs lui ma mais me même mêmes mes moi mon ne nos notre nous on ou où par pas pour qu que quel quelle quels quelles
qui sa sans se ses si son sur ta te tes toi ton tu un une vos votre vous à y ça donc ni car comme dont plus très aussi
est es suis sommes êtes sont étais était étions étaient étant été être sera serai seront serait seraient soit soient fut
furent ai as a avons avez ont avais avait avions avaient ayant eu eue eus avoir aura aurai auront aurait auraient ait
aient ici là alors quand chez entre vers cet
`

const stopSpanish = `
de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí porque esta entre
cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra otros ese eso ante
ellos e esto mí antes algunos qué unos yo otro otras otra él tanto esa estos mucho quienes nada muchos cual poco ella
estar estas algunas algo nosotros mi mis tú te ti tu tus ellas nosotras vosotros vosotras os mío mía míos mías tuyo tuya
suyo suya suyos suyas nuestro nuestra nuestros nuestras vuestro vuestra esos esas es soy eres somos son sea sean ser
será serán sería era eras eran fue fueron fui fuera sido siendo está estoy están estaba estaban estuvo esté he has ha
hemos han haya había habían haber hubo tiene tienen tengo tener tenía tuvo
`

const stopPortuguese = `
de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das à seu sua ou quando muito nos já
eu também só pelo pela até isso ela entre depois sem mesmo aos seus quem nas me esse eles você essa num nem suas meu às
minha numa pelos elas qual nós lhe deles essas esses pelas este dele tu te vocês vos lhes meus minhas teu tua teus tuas
nosso nossa nossos nossas dela delas esta estes estas aquele aquela aqueles aquelas isto aquilo é são era eram foi foram
fui ser seja sejam será serão seria sendo sido sou somos fosse está estou estão estava estavam esteve estar há havia
haver houve tem tenho têm temos tinha tinham teve ter ao onde porque sobre
`

const stopItalian = `
ad al allo ai agli alla alle con col coi da dal dallo dai dagli dalla dalle di del dello dei degli della delle in nel
nello nei negli nella nelle su sul sullo sui sugli sulla sulle per tra fra contro io tu lui lei noi voi loro mio mia miei
mie tuo tua tuoi tue suo sua suoi sue nostro nostra nostri nostre vostro vostra vostri vostre mi ti ci vi lo la li le gli
ne il un uno una ma ed se perché anche come dov dove che chi cui non più quale quanto quanti quanta quante quello quelli
quella quelle questo questi questa queste si tutto tutti a e i o ho hai ha abbiamo avete hanno abbia abbiano aveva
avevano avere avuto avrà avranno sono sei è siamo siete sia siano era erano fu furono essere essendo sarà saranno sarebbe
stato stata stati state fosse fossero fa fanno sta stanno così già ancora molto poi quando
`

const stopDutch = `
de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om hem dan zou of wat mijn men
dit zo door over ze zich bij ook tot je mij uit der daar haar naar heb hoe heeft hebben deze u want nog zal me zij nu ge
geen omdat iets worden toch al waren veel meer doen toen moet ben zonder kan hun dus alles onder ja eens hier wie werd
altijd doch wordt wezen kunnen ons onze zelf tegen na reeds wil kon niets uw iemand geweest andere we wij jij jouw hen
welke zoals waar wanneer
`

const stopRussian = `
и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о
из ему теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь опять уж вам ведь там потом себя ничего
ей может они тут где есть надо ней для мы тебя их чем была сам чтоб чтобы без будто чего раз тоже себе под будет ж тогда
кто этот того потому этого какой совсем ним здесь этом один почти мой тем нее сейчас были куда зачем всех никогда можно
при наконец два об другой хоть после над больше тот через эти нас про всего них какая много разве три эту моя впрочем
хорошо свою этой перед иногда лучше чуть том нельзя такой им более всегда конечно всю между это эта также который которая
которые которое которых
`
