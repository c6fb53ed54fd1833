-- Insert what pictures and videos should not show. FLUX takes no negative prompt, so that its text is empty.

insert into public.negative_prompts (model_type, priority, description, negative_prompt) values
('sdxl', 20, 'Faults of drawing.',
 'blurry, low resolution, jpeg artifacts, noise, deformed hands, extra fingers, fused fingers, extra limbs, distorted face, crossed eyes, bad proportions'),
('sdxl', 10, 'What does not belong into a picture.',
 'watermark, signature, logo, caption, frame, border, duplicate subject, cropped head, nudity'),
('wan', 20, 'Faults of movement.',
 'flicker, jitter, morphing, warped limbs, sudden cut, frozen frame, ghosting, inconsistent subject'),
('wan', 10, 'What does not belong into a video.',
 'blurry, low resolution, compression artifacts, watermark, subtitles, logo, overexposed, nudity'),
('rv51', 10, 'For Realistic Vision 5.1.',
 'drawing, render, cartoon, plastic skin, deformed iris, deformed pupils, mutated hands, bad anatomy, text, watermark, out of frame, nudity'),
('flux', 0, 'FLUX ignores negative prompts.', '')
on conflict do nothing;
