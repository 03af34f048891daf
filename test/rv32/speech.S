/* Spoken sentences, 16 kHz mono, behind a WAV head of 44 bytes. */
	.section .rodata.speech, "a"
	.globl speech_wav, speech_wav_end
	.balign 4
speech_wav:
	.incbin SPEECH
speech_wav_end:
