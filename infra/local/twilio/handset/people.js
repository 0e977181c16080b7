// People to text as. The numbers are fictional: 555-0100 to 555-0199 are kept free in every North American area code.

export const PEOPLE = [
  {
    name: "Ana", number: "+12025550134", language: "es", speaks: "Spanish",
    sentences: ["Hola, ¿dónde está la clínica?", "Mi hijo tiene fiebre desde ayer.", "¿A qué hora abren mañana?"],
    pictures: [
      { label: "A pharmacy's sign", lines: ["FARMACIA", "Abierto de lunes a viernes"], ground: "#0b6b3a", ink: "#ffffff" },
      { label: "A note on a door", lines: ["La clínica está cerrada", "el lunes por la mañana"], ground: "#fff7d6", ink: "#1c1c1c" },
    ],
  },
  {
    name: "João", number: "+16175550117", language: "pt", speaks: "Portuguese",
    sentences: ["Bom dia, preciso de um médico.", "Onde posso encontrar água potável?", "Obrigado pela ajuda!"],
    pictures: [
      { label: "A road sign", lines: ["ESTRADA FECHADA", "Use a ponte do norte"], ground: "#f2b400", ink: "#141414" },
    ],
  },
  {
    name: "Grace", number: "+12065550111", language: "en", speaks: "English",
    sentences: ["Is the shelter open tonight?", "We need two blankets and some water.", "Stop. Thank you"],
    pictures: [
      { label: "A notice", lines: ["The clinic is closed", "on Monday morning"], ground: "#ffffff", ink: "#101418" },
    ],
  },
  {
    name: "Amélie", number: "+15145550162", language: "fr", speaks: "French",
    sentences: ["Bonjour, où est le centre d'accueil ?", "Ma mère a besoin de médicaments.", "ARRÊT"],
    pictures: [
      { label: "A shop's sign", lines: ["BOULANGERIE", "Fermé le dimanche"], ground: "#7a1f2b", ink: "#ffffff" },
    ],
  },
  {
    name: "小梅", latin: "Xiaomei", number: "+14155550176", language: "zh", speaks: "Chinese",
    sentences: ["你好，诊所在哪里？", "我的孩子从昨天开始发烧。", "谢谢你的帮助。"],
    pictures: [
      { label: "A notice in English", lines: ["Bus stop closed", "Please use stop 14"], ground: "#0b3d91", ink: "#ffffff" },
    ],
  },
  {
    name: "ليلى", latin: "Layla", number: "+13135550128", language: "ar", speaks: "Arabic",
    sentences: ["مرحبا، أين العيادة؟", "ابني مصاب بالحمى منذ أمس.", "شكرا جزيلا"],
    pictures: [],
  },
];

export const personOf = (number) => PEOPLE.find((person) => person.number === number);
